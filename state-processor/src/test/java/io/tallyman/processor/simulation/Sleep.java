package io.tallyman.processor.simulation;

/** When a runner was frozen, down, or cut off from the log. Times in ms. */
final class Sleep {

  private final World world;
  private long frozenUntil;
  private long downUntil;
  private long cutUntil;

  /** End of the latest sleep, which may be to come. */
  private long asleepUntil = Long.MIN_VALUE / 2;

  /** All sleep that was begun, to its planned end. */
  private long total;

  Sleep(World world) {
    this.world = world;
  }

  void freeze(long length) {
    frozenUntil = Math.max(frozenUntil, world.now() + length);
    sleepUntil(frozenUntil);
  }

  void down(long length) {
    downUntil = world.now() + length;
    frozenUntil = 0;
    sleepUntil(downUntil);
  }

  void cut(long length) {
    cutUntil = world.now() + length;
  }

  void wake() {
    sleepUntil(world.now());
    frozenUntil = 0;
    downUntil = 0;
    cutUntil = 0;
  }

  private void sleepUntil(long end) {
    total += end - Math.max(world.now(), asleepUntil);
    asleepUntil = end;
  }

  boolean isFrozen() {
    return world.now() < frozenUntil;
  }

  boolean isDown() {
    return world.now() < downUntil;
  }

  boolean isCut() {
    return world.now() < cutUntil;
  }

  /** Whether it was frozen or down at that time or later. */
  boolean wasSince(long since) {
    return asleepUntil >= since;
  }

  /** How long it was frozen or down until now. */
  long total() {
    return total - Math.max(0, asleepUntil - world.now());
  }
}
