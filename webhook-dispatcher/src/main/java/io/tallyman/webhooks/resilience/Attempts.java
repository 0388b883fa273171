package io.tallyman.webhooks.resilience;

import io.github.resilience4j.retry.Retry;
import io.github.resilience4j.retry.RetryConfig;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BiFunction;
import java.util.function.Predicate;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A number of attempts with a pause after each failure, without a thread while it pauses. One
 * object per policy; any number of runs at once. Thread-safe.
 *
 * <p>Resilience4j 2.4.0 can leave an asynchronous retry hanging for ever: when an attempt throws
 * instead of failing (its issue 1718), and when the timer loses or refuses a task. Here every run
 * ends: an attempt that throws has failed, and one that does not begin when its time has come fails
 * the run.
 */
public final class Attempts<T> {

  /** As many as it takes. */
  public static final int UNLIMITED = Integer.MAX_VALUE;

  /** How late a timer on a busy machine may be before an attempt is taken for lost. */
  private static final Duration GRACE = Duration.ofSeconds(30);

  /** When nobody can say how long to wait. */
  private static final Duration FALLBACK = Duration.ofSeconds(10);

  private static final Logger LOG = LoggerFactory.getLogger(Attempts.class);

  private final Retry retry;
  private final ScheduledExecutorService timer;
  private final int most;
  private final BiFunction<Integer, Optional<T>, Duration> pause;
  private final Duration grace;
  private final Predicate<T> isFailure;

  /**
   * A policy.
   *
   * @param timer begins the later attempts, so an attempt must leave its thread at once
   * @param most attempts, the first included
   * @param pause from the end of a failed attempt to the next, by the monotonic clock, from the
   *     attempt's number and its value if it had one
   * @param isFailure which values ask for another attempt; exceptions do, except {@link
   *     CancellationException}, which ends the run
   */
  public Attempts(
      ScheduledExecutorService timer,
      int most,
      BiFunction<Integer, Optional<T>, Duration> pause,
      Predicate<T> isFailure) {
    this(timer, most, pause, isFailure, GRACE);
  }

  Attempts(
      ScheduledExecutorService timer,
      int most,
      BiFunction<Integer, Optional<T>, Duration> pause,
      Predicate<T> isFailure,
      Duration grace) {
    this.timer = timer;
    this.most = most;
    this.pause = pause;
    this.grace = grace;
    this.isFailure = isFailure;
    this.retry =
        Retry.of(
            "%d attempts".formatted(most),
            RetryConfig.<T>custom()
                .maxAttempts(most)
                .intervalBiFunction(
                    (number, either) ->
                        Math.max(
                            1,
                            pauseAfter(number, either.isRight() ? either.get() : null).toMillis()))
                .retryOnResult(isFailure)
                .ignoreExceptions(CancellationException.class)
                // The last value comes back as it is.
                .failAfterMaxAttempts(false)
                .build());
  }

  /**
   * Runs attempts until one succeeds or none is left.
   *
   * @return the last value, or the last exception, never wrapped
   */
  public CompletionStage<T> run(Supplier<CompletionStage<T>> attempt) {
    var end = new CompletableFuture<T>();
    var begun = new AtomicInteger();
    retry
        .executeCompletionStage(
            timer,
            () -> {
              var number = begun.incrementAndGet();
              return begin(attempt)
                  .whenComplete(
                      (value, e) -> {
                        if (!isOver(value, e, number)) {
                          watch(number, pauseAfter(number, value), begun, end);
                        }
                      });
            })
        .whenComplete((value, e) -> complete(end, value, e));
    return end;
  }

  private static <T> CompletionStage<T> begin(Supplier<CompletionStage<T>> attempt) {
    try {
      return attempt.get();
    } catch (Throwable e) { // Whatever it is, Resilience4j must not see it thrown.
      return CompletableFuture.failedFuture(e);
    }
  }

  private boolean isOver(@Nullable T value, @Nullable Throwable failure, int number) {
    return number >= most || (failure == null && value != null && !isFailure.test(value));
  }

  /** Resilience4j would hang if this threw. */
  private Duration pauseAfter(int number, @Nullable T value) {
    try {
      return pause.apply(number, Optional.ofNullable(value));
    } catch (Throwable e) { // Whatever it is: a run must go on.
      LOG.error("no pause after attempt {}: {} instead", number, FALLBACK, e);
      return FALLBACK;
    }
  }

  /** Ends the run when the attempt after this one does not begin. */
  private void watch(int number, Duration pause, AtomicInteger begun, CompletableFuture<T> end) {
    CompletableFuture.delayedExecutor(
            pause.plus(grace).toMillis(), TimeUnit.MILLISECONDS, Runnable::run)
        .execute(
            () -> {
              if (begun.get() == number) {
                end.completeExceptionally(
                    new IllegalStateException(
                        "Expected attempt %d to begin after %s, but it did not"
                            .formatted(number + 1, pause)));
              }
            });
  }

  private static <T> void complete(CompletableFuture<T> end, T value, @Nullable Throwable failure) {
    if (failure == null) {
      end.complete(value);
    } else if (failure instanceof CompletionException wrapped && wrapped.getCause() != null) {
      end.completeExceptionally(wrapped.getCause());
    } else {
      end.completeExceptionally(failure);
    }
  }
}
