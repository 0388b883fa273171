package io.tallyman.webhooks.delivery;

import java.net.URI;
import java.time.Duration;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * Receivers that answered 410, which says that they want no more: they are not asked again for an
 * hour, or until the service starts anew. Bounded. Thread-safe; its own lock guards it.
 */
final class GoneReceivers {

  /** The most recent ones; a forgotten one costs one request. */
  private static final int MAX = 10_000;

  private static final Duration REMEMBERED = Duration.ofHours(1);

  private final Map<URI, Instant> until =
      new LinkedHashMap<>() {
        private static final long serialVersionUID = 1;

        @Override
        protected boolean removeEldestEntry(Map.Entry<URI, Instant> eldest) {
          return size() > MAX;
        }
      };

  synchronized void add(URI receiver, Instant now) {
    until.put(receiver, now.plus(REMEMBERED));
  }

  /** It wants them again. */
  synchronized void remove(URI receiver) {
    until.remove(receiver);
  }

  synchronized boolean contains(URI receiver, Instant now) {
    var end = until.get(receiver);
    return end != null && now.isBefore(end);
  }
}
