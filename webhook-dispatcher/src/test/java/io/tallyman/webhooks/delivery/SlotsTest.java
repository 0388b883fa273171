package io.tallyman.webhooks.delivery;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.Random;
import org.junit.jupiter.api.Test;

class SlotsTest {

  /** Requests that have a slot; a test ends them one by one. */
  private final Queue<Runnable> running = new ArrayDeque<>();

  private final List<String> begun = new ArrayList<>();

  @Test
  void shouldLeaveRoomForOthersWhenATargetHangs() {
    // given
    var slots = new Slots(10, 3, running::add);
    for (var i = 0; i < 100; i++) {
      slots.submit("hanging", () -> begun.add("hanging"));
    }
    assertThat(running).hasSize(3);

    // when
    slots.submit("healthy", () -> begun.add("healthy"));

    // then
    assertThat(running).hasSize(4);
    assertThat(slots.inFlight()).isEqualTo(4);
  }

  @Test
  void shouldServeWaitingTargetsInTurn() {
    // given
    var slots = new Slots(1, 1, running::add);
    for (var target : List.of("a", "a", "a", "b", "c")) {
      slots.submit(target, () -> begun.add(target));
    }

    // when
    drain();

    // then: not a, a, a
    assertThat(begun).containsExactly("a", "b", "c", "a", "a");
  }

  @Test
  void shouldFreeTheSlotWhenARequestThrows() {
    // given
    var slots = new Slots(1, 1, running::add);
    slots.submit(
        "a",
        () -> {
          throw new IllegalStateException("thrown");
        });
    slots.submit("a", () -> begun.add("second"));

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
      var perTarget = 1 + random.nextInt(total);
      var now = new int[5];
      var all = new ArrayList<Runnable>();
      var slots = new Slots(total, perTarget, all::add);

      // when
      var served = 0;
      var submitted = 0;
      while (served < 300) {
        if (submitted < 300 && random.nextBoolean()) {
          var target = random.nextInt(5);
          submitted++;
          slots.submit("t" + target, () -> now[target]++);
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
