package io.tallyman.processor.topology;

import static io.tallyman.processor.Jobs.T0;
import static io.tallyman.processor.Jobs.submit;
import static org.assertj.core.api.Assertions.assertThat;

import io.tallyman.schemas.Topics;
import io.tallyman.schemas.job.JobEvent.JobQueued;
import io.tallyman.schemas.job.JobId;
import java.nio.file.Path;
import org.apache.kafka.common.header.internals.RecordHeaders;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Whatever lies on the command topic: one dead letter, and the next command is decided. */
class PoisonTest {

  @TempDir private static Path folder;
  private static TopologyDriver driver;

  /** Records given so far, to this class's one driver: the offset of the next one. */
  private static int offset;

  @BeforeAll
  static void create() {
    driver = new TopologyDriver(folder);
  }

  @AfterAll
  static void stop() {
    driver.close();
  }

  @ParameterizedTest
  @MethodSource("io.tallyman.processor.topology.Poison#all")
  void shouldLeaveOneDeadLetterAndGoOn(Poison poison) {
    // given
    var record = poison.record();
    var next = new JobId("next-" + offset);

    // when
    driver.giveRaw(record.key(), record.value(), record.headers(), T0);
    driver.give(2, submit(next));

    // then
    assertThat(driver.readRaw(Topics.DEAD_LETTERS))
        .singleElement()
        .satisfies(
            letter -> {
              assertThat(letter.key()).isEqualTo(record.key());
              assertThat(letter.value()).isEqualTo(record.value());
              var added = new RecordHeaders(letter.headers());
              for (var own : record.headers()) {
                assertThat(added.lastHeader(own.key()).value()).isEqualTo(own.value());
              }
              record.headers().forEach(own -> added.remove(own.key()));
              assertThat(TopologyDriver.texts(added))
                  .containsEntry("tallyman-origin", "job-commands-0@" + offset)
                  .containsEntry("tallyman-service", "state-processor")
                  .hasEntrySatisfying(
                      "tallyman-reason", it -> assertThat(it).contains(poison.reason()));
            });
    assertThat(driver.messages(Topics.EVENTS))
        .singleElement()
        .isInstanceOfSatisfying(
            JobQueued.class, it -> assertThat(it.meta().jobId()).isEqualTo(next));
    assertThat(driver.read(Topics.REJECTIONS)).isEmpty();
    offset += 2;
  }
}
