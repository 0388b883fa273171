package io.tallyman.webhooks.delivery;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

class KeyLanesTest {

  /** Starts tasks on the caller's thread: what a test does is then all that happens. */
  private final KeyLanes<String> lanes = new KeyLanes<>(Runnable::run);

  private final List<String> started = new ArrayList<>();
  private final Map<String, CompletableFuture<Void>> ends = new HashMap<>();

  @Test
  void shouldStartTheNextOfAKeyOnlyWhenTheOneBeforeHasEnded() {
    // given
    submit("a", "a1");
    submit("a", "a2");
    submit("a", "a3");
    assertThat(started).containsExactly("a1");

    // when
    end("a1");

    // then
    assertThat(started).containsExactly("a1", "a2");
    end("a2");
    assertThat(started).containsExactly("a1", "a2", "a3");
  }

  @Test
  void shouldNotLetAKeyWaitForAnother() {
    // given
    submit("slow", "slow1");

    // when
    submit("quick", "quick1");
    end("quick1");
    submit("quick", "quick2");

    // then
    assertThat(started).containsExactly("slow1", "quick1", "quick2");
  }

  @Test
  void shouldGoOnWhenATaskFailsOrThrows() {
    // given
    lanes.submit("a", () -> CompletableFuture.failedFuture(new IllegalStateException("failed")));
    lanes.submit(
        "a",
        () -> {
          throw new IllegalStateException("thrown");
        });

    // when
    submit("a", "a3");

    // then
    assertThat(started).containsExactly("a3");
  }

  @Test
  void shouldForgetAKeyWhenItsLastTaskHasEnded() {
    // given
    submit("a", "a1");
    submit("a", "a2");

    // when
    end("a1");
    end("a2");

    // then
    assertThat(lanes.size()).isZero();
  }

  /** A thousand keys interleaved, on many threads, ending when they like. */
  @Test
  void shouldKeepTheOrderOfEachKeyUnderLoad() throws InterruptedException {
    // given
    var concurrent = new KeyLanes<Integer>(task -> Thread.ofVirtual().start(task));
    var random = new Random(7);
    var keys = 1_000;
    var perKey = 10;
    var submitted = new int[keys];
    var seen = new AtomicInteger[keys];
    var inFlight = new AtomicInteger[keys];
    var mistakes = new AtomicInteger();
    var left = new CountDownLatch(keys * perKey);
    for (var key = 0; key < keys; key++) {
      seen[key] = new AtomicInteger();
      inFlight[key] = new AtomicInteger();
    }

    // when
    for (var i = 0; i < keys * perKey; ) {
      var key = random.nextInt(keys);
      if (submitted[key] == perKey) {
        continue;
      }
      i++;
      var sequence = submitted[key]++;
      var late = random.nextBoolean();
      concurrent.submit(
          key,
          () -> {
            if (seen[key].getAndIncrement() != sequence || inFlight[key].incrementAndGet() != 1) {
              mistakes.incrementAndGet();
            }
            Runnable end =
                () -> {
                  inFlight[key].decrementAndGet();
                  left.countDown();
                };
            return late
                ? CompletableFuture.runAsync(
                    end, CompletableFuture.delayedExecutor(1, TimeUnit.MILLISECONDS))
                : CompletableFuture.runAsync(end, Runnable::run);
          });
    }

    // then
    assertThat(left.await(30, TimeUnit.SECONDS)).isTrue();
    assertThat(mistakes).hasValue(0);
  }

  private void submit(String key, String task) {
    lanes.submit(
        key,
        () -> {
          started.add(task);
          return ends.computeIfAbsent(task, _ -> new CompletableFuture<>());
        });
  }

  private void end(String task) {
    Objects.requireNonNull(ends.get(task)).complete(null);
  }
}
