package io.tallyman.processor.simulation;

/** What must hold whatever breaks. */
enum Invariant {
  ONE_TERMINAL,
  DENSE_SEQUENCE,
  ATTEMPTS_GROW,
  NO_STALE_REPORT,
  FOLD_IS_STORE,
  DEADLINE_IS_SET,
  NEVER_EARLY,
  MAX_ATTEMPTS,
  TRUE_RESULT,
  NO_OVERLAP,
  CONTAINERS_GONE,
  ENDS_AFTER_HEAL,
  FORGOTTEN_AFTER_RETENTION;

  void check(boolean holds, String detail) {
    if (!holds) {
      throw new Violation(this, detail);
    }
  }

  /** One of them did not hold. */
  static final class Violation extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private final Invariant invariant;

    Violation(Invariant invariant, String detail) {
      super(invariant + ": " + detail);
      this.invariant = invariant;
    }

    Invariant invariant() {
      return invariant;
    }
  }
}
