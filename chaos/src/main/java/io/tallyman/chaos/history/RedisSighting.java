package io.tallyman.chaos.history;

/**
 * One key of Redis at a look; all keys are looked at about once per second, and once when the run
 * is over.
 *
 * @param key as {@code job:…}
 * @param sequence of the event that it mirrors, as its version says; 0 for the view of a submission
 * @param view the status document
 * @param ttlMillis what {@code PTTL} says: -1 for a key without
 * @param isLast whether this look was the one after the run
 */
public record RedisSighting(
    long at, String key, long sequence, String view, long ttlMillis, boolean isLast) {}
