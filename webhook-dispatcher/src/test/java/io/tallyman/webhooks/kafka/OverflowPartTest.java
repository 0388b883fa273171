package io.tallyman.webhooks.kafka;

import static org.assertj.core.api.Assertions.assertThat;

import io.tallyman.webhooks.kafka.OverflowPart.Waiting;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/** The rules by which order is kept, without Kafka. */
class OverflowPartTest {

  private static final String SLOW = "http://slow:80";
  private static final String OTHER = "http://other:80";

  private final OverflowPart part = new OverflowPart(0);

  @Test
  void shouldTakeWhatFollowsUntilTheLastWasTakenBack() {
    // given
    assertThat(part.takes(10, SLOW, true)).isTrue();
    assertThat(part.begin(SLOW, 10)).isTrue();

    // then: whether it is written yet or not, and whether there is room again or not
    assertThat(part.takes(11, SLOW, false)).isTrue();
    part.written(SLOW, 0);
    part.settle();
    assertThat(part.takes(11, SLOW, false)).isTrue();

    // when
    takeBack(0, 10);

    // then
    assertThat(part.takes(11, SLOW, false)).isFalse();
  }

  @Test
  void shouldTakeNothingWhileOneThatWasTakenBackIsNotDone() {
    // given
    putAside(SLOW, 10, 0);
    takeBack(0, 10);
    part.settle();

    // then: it would come after what is put aside later
    assertThat(part.takes(11, SLOW, true)).isFalse();

    // when
    part.ended(SLOW);
    part.settle();

    // then
    assertThat(part.targets()).isZero();
    assertThat(part.takes(11, SLOW, true)).isTrue();
  }

  @Test
  void shouldNotTakeWhatIsOlderThanTheFirstThatWasPutAside() {
    part.restore(SLOW, 0, 10);

    assertThat(part.takes(9, SLOW, true)).isFalse();
    assertThat(part.takes(11, SLOW, false)).isTrue();
  }

  @Test
  void shouldHoldOneTargetAndNotAnother() {
    putAside(SLOW, 10, 0);

    assertThat(part.takes(11, OTHER, false)).isFalse();
    assertThat(part.begin(OTHER, 12)).isTrue();
    assertThat(part.begin(OTHER, 13)).isFalse();
    assertThat(part.targets()).isEqualTo(2);
  }

  @Test
  void shouldWaitForWhatPrecedesItInTheEventLog() {
    part.handedOut(10);
    part.handedOut(5);

    assertThat(part.wasHandedOut(9)).isTrue();
    assertThat(part.wasHandedOut(10)).isFalse();
    assertThat(part.wasHandedOut(-1)).as("does not say").isTrue();
  }

  private void putAside(String target, long source, long offset) {
    part.begin(target, source);
    part.written(target, offset);
    part.settle();
  }

  private void takeBack(long offset, long source) {
    part.add(new Waiting(offset, source, Optional.empty()));
    part.open(SLOW);
    part.taken(part.next().orElseThrow());
  }
}
