package io.tallyman.chaos.cluster;

import io.tallyman.chaos.cluster.FaultProxy.Direction;
import java.util.List;

/**
 * How one process reaches another: through these proxies and no other way.
 *
 * @param from the one that connects, such as {@code api-1}
 * @param to the one that listens, such as {@code broker-2}
 */
public record Link(String from, String to, List<FaultProxy> proxies) {

  public Link {
    proxies = List.copyOf(proxies);
  }

  /** Whether it begins or ends at a process. */
  public boolean touches(String name) {
    return from.equals(name) || to.equals(name);
  }

  /** Adds a fault to one direction. */
  public void add(Direction direction, Toxic toxic) {
    proxies.forEach(proxy -> proxy.add(direction, toxic));
  }

  /** Takes one such fault away from one direction; others stay. */
  public void remove(Direction direction, Toxic toxic) {
    proxies.forEach(proxy -> proxy.remove(direction, toxic));
  }

  /** Takes all faults away. */
  public void heal() {
    proxies.forEach(FaultProxy::heal);
  }

  @Override
  public String toString() {
    return from + " to " + to;
  }
}
