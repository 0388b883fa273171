package io.tallyman.chaos.check;

import static java.util.concurrent.TimeUnit.HOURS;
import static java.util.concurrent.TimeUnit.MILLISECONDS;
import static java.util.concurrent.TimeUnit.SECONDS;

/**
 * How much later than promised is still in time, in microseconds, and why. A bound that must never
 * be crossed the other way, such as a timeout that comes early, has no margin.
 */
final class Margins {

  /**
   * After a fault is over, until things are as if it had not been: a broker killed comes back in 12
   * s, and a group forgets a dead member after 10 s.
   */
  static final long RECOVERY = SECONDS.toMicros(20);

  /** From the death of all brokers until all goes on, as promised. */
  static final long ALL_BROKERS = SECONDS.toMicros(60);

  /** The timers look ten times a second; the rest is for a machine with two busy cores. */
  static final long TIMEOUT = SECONDS.toMicros(2);

  /** The harness looks for containers once a second, and looking takes time itself. */
  static final long LOOK = SECONDS.toMicros(2);

  /** From the end of an attempt to that of its container: an order through Kafka, and a kill. */
  static final long STOP = SECONDS.toMicros(5);

  /** A Redis of a second ago may be read a second late; the broker's clock is in milliseconds. */
  static final long CLOCK = SECONDS.toMicros(1);

  /** From an event to its view in Redis. */
  static final long MIRROR = SECONDS.toMicros(5);

  /** From the return of an emptied Redis to a whole mirror, as promised. */
  static final long MIRROR_REBUILD = SECONDS.toMicros(30);

  /** How long a view lives. */
  static final long VIEW = HOURS.toMicros(1);

  /** Two apis, which a client takes by turns, learn of an event at different times. */
  static final long READ_LAG = SECONDS.toMicros(2);

  /** Longest wait of the dispatcher for an answer, the default of the endpoints file. */
  static final long WEBHOOK_DEADLINE = SECONDS.toMicros(10);

  /** A webhook waits for the ones before it in its job's lane, and for a slot. */
  static final long WEBHOOK_WAIT = SECONDS.toMicros(20);

  /** Timestamps of webhooks are whole seconds. */
  static final long WHOLE_SECOND = SECONDS.toMicros(1);

  /** Clocks tell whole milliseconds, so a pause may seem that much shorter. */
  static final long TICK = MILLISECONDS.toMicros(20);

  /** Every job is to end within this time after the last fault. */
  static final long ENDS = SECONDS.toMicros(60);

  /** An api answers 503 while it catches up with the log. */
  static final long API_READY = SECONDS.toMicros(15);

  /** No wait below it is unfair: a share group's hand-over and one round of leases take longer. */
  static final long FAIR_WAIT = SECONDS.toMicros(10);

  private Margins() {}
}
