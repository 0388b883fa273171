package io.tallyman.chaos.check;

/** What a history proves. */
public enum Verdict {
  /** Nothing is broken, and enough happened for that to mean something. */
  VALID,
  /** Something is broken. */
  VIOLATED,
  /** Nothing is broken, but too little happened. */
  VACUOUS
}
