package io.tallyman.webhooks.delivery;

import java.time.Duration;

/** Counts what deliveries do. Its implementation must not throw, and not block. */
public interface DeliveryMeter {

  /**
   * An attempt has ended.
   *
   * @param outcome its class
   * @param took how long, from the request to the answer or the failure
   */
  void attempted(Outcome.Kind outcome, Duration took);

  /** The first attempt of a delivery begins, so long after its event. */
  void began(Duration sinceEvent);

  /** A receiver acknowledged, so long after the event. */
  void delivered(Duration sinceEvent);

  /** A delivery is given up; the class of its last outcome. */
  void gaveUp(String why);

  /** A state was passed over because a newer one waits. */
  void coalesced();

  /** An event is put aside, because its receiver is slow. */
  void spilled();

  /** Counts nothing. */
  static DeliveryMeter none() {
    return new DeliveryMeter() {
      @Override
      public void attempted(Outcome.Kind outcome, Duration took) {
        // Nobody looks.
      }

      @Override
      public void began(Duration sinceEvent) {
        // Nobody looks.
      }

      @Override
      public void delivered(Duration sinceEvent) {
        // Nobody looks.
      }

      @Override
      public void gaveUp(String why) {
        // Nobody looks.
      }

      @Override
      public void coalesced() {
        // Nobody looks.
      }

      @Override
      public void spilled() {
        // Nobody looks.
      }
    };
  }
}
