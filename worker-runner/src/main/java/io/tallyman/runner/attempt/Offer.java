package io.tallyman.runner.attempt;

/** What became of a dispatch that was offered to {@link Attempts}. */
public enum Offer {
  /** It has a slot now, and waits for the state-processor's word. */
  TAKEN,
  /** The same attempt was here already; there is nothing to do. */
  KNOWN,
  /** No slot is free, or this runner is not the one for it. Somebody else should have it. */
  REFUSED
}
