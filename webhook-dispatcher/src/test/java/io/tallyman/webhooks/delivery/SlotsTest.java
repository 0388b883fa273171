package io.tallyman.webhooks.delivery;

import static org.assertj.core.api.Assertions.assertThat;

import io.tallyman.schemas.job.EndpointName;
import io.tallyman.webhooks.delivery.Slots.Limits;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.Random;
import org.junit.jupiter.api.Test;

class SlotsTest {

  private static final EndpointName ONE = new EndpointName("one");
  private static final EndpointName OTHER = new EndpointName("other");

  /** Requests that have a slot; a test ends them one by one. */
  private final Queue<Runnable> running = new ArrayDeque<>();

  private final List<String> begun = new ArrayList<>();

  @Test
  void shouldLeaveRoomForOthersWhenATargetHangs() {
    // given
    var slots = new Slots(new Limits(10, 3, 10), running::add);
    for (var i = 0; i < 100; i++) {
      slots.submit(ONE, "hanging", () -> begun.add("hanging"));
    }
    assertThat(running).hasSize(3);

    // when
    slots.submit(ONE, "healthy", () -> begun.add("healthy"));

    // then
    assertThat(running).hasSize(4);
    assertThat(slots.inFlight()).isEqualTo(4);
  }

  @Test
  void shouldLeaveRoomForOtherEndpointsWhenAThousandTargetsOfOneHang() {
    // given
    var slots = new Slots(new Limits(10, 3, 8), running::add);
    for (var i = 0; i < 2_000; i++) {
      slots.submit(ONE, "hanging-" + i, () -> begun.add("hanging"));
    }
    assertThat(running).hasSize(8);

    // when
    slots.submit(OTHER, "healthy", () -> begun.add("healthy"));

    // then
    assertThat(running).hasSize(9);
    drain();
    assertThat(begun).hasSize(2_001);
  }

  @Test
  void shouldServeWaitingTargetsInTurn() {
    // given
    var slots = new Slots(new Limits(1, 1, 1), running::add);
    for (var target : List.of("a", "a", "a", "b", "c")) {
      slots.submit(ONE, target, () -> begun.add(target));
    }

    // when
    drain();

    // then: not a, a, a
    assertThat(begun).containsExactly("a", "b", "c", "a", "a");
  }

  @Test
  void shouldFreeTheSlotWhenARequestThrows() {
    // given
    var slots = new Slots(new Limits(1, 1, 1), running::add);
    slots.submit(
        ONE,
        "a",
        () -> {
          throw new IllegalStateException("thrown");
        });
    slots.submit(ONE, "a", () -> begun.add("second"));

    // when
    try {
      running.remove().run();
    } catch (IllegalStateException e) {
      begun.add(e.getMessage());
    }
    drain();

    // then
    assertThat(begun).containsExactly("thrown", "second");
    assertThat(slots.inFlight()).isZero();
  }

  @Test
  void shouldNeverExceedItsBoundsAndServeEverybody() {
    for (var seed = 0; seed < 200; seed++) {
      // given
      var random = new Random(seed);
      var total = 1 + random.nextInt(8);
      var limits = new Limits(total, 1 + random.nextInt(total), 1 + random.nextInt(total));
      var all = new ArrayList<Runnable>();
      var slots = new Slots(limits, all::add);

      // when
      var served = 0;
      var submitted = 0;
      while (served < 300) {
        if (submitted < 300 && random.nextBoolean()) {
          submitted++;
          slots.submit(
              random.nextBoolean() ? ONE : OTHER, "t" + random.nextInt(5), () -> begun.add("any"));
        } else if (!all.isEmpty()) {
          all.remove(random.nextInt(all.size())).run();
          served++;
        }

        // then
        assertThat(all.size()).isLessThanOrEqualTo(total).isEqualTo(slots.inFlight());
        assertThat(all.isEmpty()).as("idle with work waiting").isEqualTo(served == submitted);
      }
    }
  }

  private void drain() {
    while (!running.isEmpty()) {
      running.remove().run();
    }
  }
}
