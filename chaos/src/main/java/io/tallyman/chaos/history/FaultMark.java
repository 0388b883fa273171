package io.tallyman.chaos.history;

/**
 * A fault began or ended.
 *
 * @param fault such as {@code kill}, {@code freeze}, {@code partition}, {@code clock-jump}
 * @param target such as {@code broker-2}, {@code worker-runner-1}, {@code redis}
 * @param isStart whether it began
 * @param detail for people: how long, which way
 */
public record FaultMark(long at, String fault, String target, boolean isStart, String detail) {}
