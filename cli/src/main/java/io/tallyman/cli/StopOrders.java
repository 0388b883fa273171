package io.tallyman.cli;

import java.lang.reflect.Proxy;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;

/**
 * What tells a service to stop: SIGTERM, Ctrl-C, or the end of its terminal. The JVM would end with
 * a code that names the signal; here the command ends by itself, with a code of its own. And of a
 * second signal no shutdown hook ever hears.
 */
final class StopOrders {

  private static final List<String> SIGNALS = List.of("TERM", "INT", "HUP");

  private final CountDownLatch given = new CountDownLatch(1);
  private final CompletableFuture<Void> repeated = new CompletableFuture<>();

  private StopOrders() {}

  /** Takes all of them from now on. */
  static StopOrders listen() {
    var orders = new StopOrders();
    SIGNALS.forEach(signal -> handle(signal, orders::take));
    return orders;
  }

  /** Waits for the first. */
  void await() throws InterruptedException {
    given.await();
  }

  /** What to do, on a thread of its own, when there is a second. */
  void onRepeat(Runnable action) {
    var _ = repeated.thenRunAsync(action, Thread::startVirtualThread);
  }

  private synchronized void take() {
    if (given.getCount() > 0) {
      given.countDown();
    } else {
      repeated.complete(null);
    }
  }

  /** By name: the compiler lets nobody mention {@code sun.misc.Signal} without a warning. */
  private static void handle(String signal, Runnable action) {
    try {
      var signals = Class.forName("sun.misc.Signal");
      var handlers = Class.forName("sun.misc.SignalHandler");
      var handler =
          Proxy.newProxyInstance(
              StopOrders.class.getClassLoader(),
              new Class<?>[] {handlers},
              (_, _, _) -> {
                action.run();
                return null;
              });
      signals
          .getMethod("handle", signals, handlers)
          .invoke(null, signals.getConstructor(String.class).newInstance(signal), handler);
    } catch (ReflectiveOperationException e) {
      throw new IllegalStateException("Expected this JVM to hand over SIG" + signal, e);
    }
  }
}
