package io.tallyman.chaos.history;

/**
 * One key of Redis at a look; all keys are looked at about once per second, and once when the run
 * is over. A key is told when it came or changed since the look before, or was not told for 4 s (a
 * minute, once it has not changed for a minute), when its time to live is not from 1 ms to one
 * hour, and always at the last look.
 *
 * @param key as {@code job:…}
 * @param sequence of the event that it mirrors, as its version says; 0 for the view of a
 *     submission, -1 for what is no view
 * @param view the status document; empty, or what Redis said, for what is no view
 * @param ttlMillis what {@code PTTL} says: -1 for a key without
 * @param isLast whether this look was the one after the run
 */
public record RedisSighting(
    long at, String key, long sequence, String view, long ttlMillis, boolean isLast) {}
