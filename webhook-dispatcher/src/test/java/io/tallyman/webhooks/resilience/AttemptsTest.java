package io.tallyman.webhooks.resilience;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Supplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class AttemptsTest {

  private static final Duration PAUSE = Duration.ofMillis(20);
  private static final Duration SHORT_GRACE = Duration.ofMillis(100);
  private static final Duration LONG_GRACE = Duration.ofSeconds(10);

  private final ScheduledThreadPoolExecutor timer = new ScheduledThreadPoolExecutor(1);
  private final AtomicInteger calls = new AtomicInteger();

  @AfterEach
  void stop() {
    timer.shutdownNow();
  }

  static List<Throwable> throwables() {
    return List.of(
        new IllegalStateException("x"), new StackOverflowError("x"), new OutOfMemoryError("x"));
  }

  @Test
  void shouldStopAtTheFirstSuccess() throws Exception {
    // when
    var value = end(3, () -> done(calls.incrementAndGet() == 2 ? "good" : "bad"));

    // then
    assertThat(value).isEqualTo("good");
    assertThat(calls).hasValue(2);
  }

  @Test
  void shouldGiveTheLastValueWhenNoAttemptIsLeft() throws Exception {
    // when
    var value = end(3, () -> done("bad " + calls.incrementAndGet()));

    // then
    assertThat(value).isEqualTo("bad 3");
    assertThat(calls).hasValue(3);
  }

  @Test
  void shouldPauseFromTheEndOfTheFailure() throws Exception {
    // given: an attempt takes longer than the pause
    var ended = new long[3];
    var began = new long[3];

    // when
    end(
        3,
        () -> {
          var number = calls.getAndIncrement();
          began[number] = System.nanoTime();
          return CompletableFuture.supplyAsync(
              () -> {
                ended[number] = System.nanoTime();
                return "bad";
              },
              CompletableFuture.delayedExecutor(30, TimeUnit.MILLISECONDS));
        });

    // then
    assertThat(began[1] - ended[0]).isGreaterThanOrEqualTo(PAUSE.toNanos());
    assertThat(began[2] - ended[1]).isGreaterThanOrEqualTo(PAUSE.toNanos());
  }

  @ParameterizedTest
  @MethodSource("throwables")
  void shouldEndWhenAnAttemptThrows(Throwable thrown) {
    // when, then
    assertThatThrownBy(
            () ->
                end(
                    3,
                    () -> {
                      if (calls.incrementAndGet() >= 2) {
                        AttemptsTest.<RuntimeException>raise(thrown);
                      }
                      return done("bad");
                    }))
        .hasCause(thrown);
  }

  @Test
  void shouldTryAgainAfterAnException() throws Exception {
    // when
    var value =
        end(
            3,
            () ->
                calls.incrementAndGet() < 3
                    ? CompletableFuture.failedFuture(new IOException("x"))
                    : done("good"));

    // then
    assertThat(value).isEqualTo("good");
  }

  @Test
  void shouldAskForThePauseAfterEachFailure() throws Exception {
    // given
    var asked = new ConcurrentLinkedQueue<String>();
    var attempts =
        new Attempts<String>(
            timer,
            3,
            (number, value) -> {
              asked.add(number + " " + value.orElse("none"));
              return Duration.ofMillis(number);
            },
            value -> value.startsWith("bad"),
            LONG_GRACE);

    // when
    get(attempts.run(() -> done("bad " + calls.incrementAndGet())));

    // then
    assertThat(asked).contains("1 bad 1", "2 bad 2").doesNotContain("3 bad 3");
  }

  @ParameterizedTest
  @MethodSource("throwables")
  void shouldGoOnWhenThePauseCannotBeTold(Throwable thrown) throws Exception {
    // given: a timer that makes the fallback of 10 s short
    var hasty =
        new ScheduledThreadPoolExecutor(1) {
          @Override
          public ScheduledFuture<?> schedule(Runnable task, long delay, TimeUnit unit) {
            return super.schedule(task, 1, TimeUnit.MILLISECONDS);
          }
        };

    // when, then
    try (hasty) {
      var attempts =
          new Attempts<String>(
              hasty,
              3,
              (_, _) -> {
                AttemptsTest.<RuntimeException>raise(thrown);
                return PAUSE;
              },
              value -> value.startsWith("bad"),
              LONG_GRACE);
      assertThat(get(attempts.run(() -> done("bad " + calls.incrementAndGet()))))
          .isEqualTo("bad 3");
    }
  }

  @Test
  void shouldEndAtOnceWhenAnAttemptIsCancelled() {
    // when, then
    assertThatThrownBy(
            () ->
                end(
                    3,
                    () -> {
                      calls.incrementAndGet();
                      return CompletableFuture.supplyAsync(
                          () -> {
                            throw new CancellationException("stopped");
                          });
                    }))
        .isInstanceOf(CancellationException.class);
    assertThat(calls).hasValue(1);
  }

  @Test
  void shouldEndWhenTheTimerLosesTheNextAttempt() {
    // given
    var lossy =
        new ScheduledThreadPoolExecutor(1) {
          @Override
          public <V> ScheduledFuture<V> schedule(Callable<V> task, long delay, TimeUnit unit) {
            throw new UnsupportedOperationException();
          }

          @Override
          public ScheduledFuture<?> schedule(Runnable task, long delay, TimeUnit unit) {
            return super.schedule(() -> {}, delay, unit);
          }
        };

    // when, then
    try (lossy) {
      var attempts = new Attempts<String>(lossy, 3, (_, _) -> PAUSE, "bad"::equals, SHORT_GRACE);
      assertThatThrownBy(() -> get(attempts.run(() -> done("bad"))))
          .hasCauseInstanceOf(IllegalStateException.class)
          .hasMessageContaining("Expected attempt 2 to begin");
    }
  }

  @Test
  void shouldEndWhenTheTimerWasStopped() {
    // given
    timer.shutdownNow();

    // when, then
    var attempts = new Attempts<String>(timer, 3, (_, _) -> PAUSE, "bad"::equals, SHORT_GRACE);
    assertThatThrownBy(() -> get(attempts.run(() -> done("bad"))))
        .isInstanceOf(ExecutionException.class);
  }

  private String end(int most, Supplier<CompletionStage<String>> attempt)
      throws ExecutionException, InterruptedException, java.util.concurrent.TimeoutException {
    return get(
        new Attempts<String>(
                timer, most, (_, _) -> PAUSE, value -> value.startsWith("bad"), LONG_GRACE)
            .run(attempt));
  }

  private static String get(CompletionStage<String> stage)
      throws ExecutionException, InterruptedException, java.util.concurrent.TimeoutException {
    return stage.toCompletableFuture().get(10, TimeUnit.SECONDS);
  }

  private static CompletionStage<String> done(String value) {
    return CompletableFuture.completedFuture(value);
  }

  @SuppressWarnings({
    "unchecked",
    "TypeParameterUnusedInFormals"
  }) // Throws any Throwable unchecked.
  private static <E extends Throwable> void raise(Throwable thrown) throws E {
    throw (E) thrown;
  }
}
