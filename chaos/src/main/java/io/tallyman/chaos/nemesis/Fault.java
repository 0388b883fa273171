package io.tallyman.chaos.nemesis;

/**
 * One fault whose targets are known.
 *
 * @param target names of processes as the history knows them, with blanks between
 * @param detail for people
 * @param inject breaks it; may take a while
 * @param heal repairs it, also when it was never or half injected
 */
record Fault(String target, String detail, Action inject, Action heal) {

  /** Something done to a cluster. */
  @FunctionalInterface
  interface Action {
    void run() throws InterruptedException;
  }

  /** Nothing is left to repair. */
  static final Action NOTHING = () -> {};
}
