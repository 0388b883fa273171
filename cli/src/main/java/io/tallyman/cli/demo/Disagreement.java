package io.tallyman.cli.demo;

/** Two sides tell different stories of a job: the demonstration has found a defect. */
public final class Disagreement extends Exception {

  private static final long serialVersionUID = 1L;

  private Disagreement(String message) {
    super(message);
  }

  static void unlessEqual(String what, Object expected, Object actual) throws Disagreement {
    if (!expected.equals(actual)) {
      throw new Disagreement("Expected %s to be %s, but got %s".formatted(what, expected, actual));
    }
  }
}
