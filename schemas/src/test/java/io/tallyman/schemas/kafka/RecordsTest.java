package io.tallyman.schemas.kafka;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.tallyman.schemas.Topics;
import io.tallyman.schemas.job.JobCommand;
import io.tallyman.schemas.job.JobEvent;
import io.tallyman.schemas.job.JobId;
import io.tallyman.schemas.job.RunnerId;
import io.tallyman.schemas.json.MalformedMessage;
import io.tallyman.schemas.json.MessageCodec;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.header.Headers;
import org.apache.kafka.common.header.internals.RecordHeaders;
import org.apache.kafka.common.record.TimestampType;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class RecordsTest {

  private static final Instant TIME = Instant.parse("2026-11-24T10:00:00.123Z");
  private static final JobCommand.Start START =
      new JobCommand.Start(new JobId("job-1"), 2, new RunnerId("runner-1"));

  @Test
  void shouldSayWhatTheMessageIsInCloudEventsHeaders() {
    // when
    var record = Records.of(Topics.COMMANDS, "job-1", START, "id-1", "/runner/runner-1", TIME);

    // then
    assertThat(record.topic()).isEqualTo("job-commands");
    assertThat(record.key()).isEqualTo("job-1");
    assertThat(record.partition()).isNull();
    assertThat(record.timestamp()).isEqualTo(TIME.toEpochMilli());
    assertThat(new String(record.value(), UTF_8))
        .isEqualTo("{\"jobId\":\"job-1\",\"attempt\":2,\"runner\":\"runner-1\"}");
    assertThat(texts(record.headers()))
        .containsExactlyInAnyOrderEntriesOf(
            Map.of(
                "ce_specversion", "1.0",
                "ce_id", "id-1",
                "ce_type", "io.tallyman.command.start.v1",
                "ce_source", "/runner/runner-1",
                "ce_subject", "job-1",
                "ce_time", "2026-11-24T10:00:00.123Z",
                "content-type", "application/json"));
  }

  @Test
  void shouldReadWhatItWrote() throws MalformedMessage {
    var record = Records.of(Topics.COMMANDS, "job-1", START, "id-1", "/test", TIME);

    assertThat(Records.decode(JobCommand.class, record.headers(), record.value())).isEqualTo(START);
  }

  @Test
  void shouldRefuseARecordWithoutAType() {
    assertThatThrownBy(
            () -> Records.decode(JobCommand.class, new RecordHeaders(), "{}".getBytes(UTF_8)))
        .isInstanceOf(MalformedMessage.class)
        .hasMessageContaining("ce_type");
  }

  @Test
  void shouldRefuseARecordWhoseTypeIsNull() {
    var headers = new RecordHeaders().add("ce_type", null);

    assertThatThrownBy(() -> Records.decode(JobCommand.class, headers, "{}".getBytes(UTF_8)))
        .isInstanceOf(MalformedMessage.class)
        .hasMessageContaining("ce_type");
  }

  @Test
  void shouldRefuseALaterCloudEventsWhoseHeadersNobodyKnowsYet() {
    var headers =
        Records.headers(START, "job-1", "id-1", "/test", TIME)
            .remove("ce_specversion")
            .add("ce_specversion", "2.0".getBytes(UTF_8));

    assertThatThrownBy(() -> Records.decode(JobCommand.class, headers, MessageCodec.encode(START)))
        .isInstanceOf(MalformedMessage.class)
        .hasMessageContaining("CloudEvents 1.x");
  }

  @Test
  void shouldTakeALaterCloudEventsThatOnlyAdds() throws MalformedMessage {
    var headers =
        Records.headers(START, "job-1", "id-1", "/test", TIME)
            .remove("ce_specversion")
            .add("ce_specversion", "1.1".getBytes(UTF_8));

    assertThat(Records.decode(JobCommand.class, headers, MessageCodec.encode(START)))
        .isEqualTo(START);
  }

  @Test
  void shouldReadWhatIsUnderItsKey() throws MalformedMessage {
    assertThat(Records.decode(JobCommand.class, JobCommand::jobId, under("job-1".getBytes(UTF_8))))
        .isEqualTo(START);
  }

  @Test
  void shouldRefuseAMessageUnderTheKeyOfSomebodyElse() {
    assertThatThrownBy(
            () ->
                Records.decode(JobCommand.class, JobCommand::jobId, under("job-2".getBytes(UTF_8))))
        .isInstanceOf(MalformedMessage.class)
        .hasMessageContaining("'job-1'");
  }

  @Test
  void shouldRefuseAMessageUnderNoKey() {
    assertThatThrownBy(() -> Records.decode(JobCommand.class, JobCommand::jobId, under(null)))
        .isInstanceOf(MalformedMessage.class)
        .hasMessageContaining("key");
  }

  @Test
  void shouldRefuseARecordWithoutAValue() {
    var headers = Records.headers(START, "job-1", "id-1", "/test", TIME);

    assertThatThrownBy(() -> Records.decode(JobCommand.class, headers, null))
        .isInstanceOf(MalformedMessage.class)
        .hasMessageContaining("io.tallyman.command.start.v1")
        .hasMessageContaining("null");
  }

  @Test
  void shouldRefuseAMessageOfAnotherFamily() {
    var record = Records.of(Topics.COMMANDS, "job-1", START, "id-1", "/test", TIME);

    assertThatThrownBy(() -> Records.decode(JobEvent.class, record.headers(), record.value()))
        .isInstanceOf(MalformedMessage.class)
        .hasMessage("Expected a JobEvent, but got a io.tallyman.command.start.v1");
  }

  @Test
  void shouldGoByTheLastTypeWhenThereAreTwo() throws MalformedMessage {
    var record = Records.of(Topics.COMMANDS, "job-1", START, "id-1", "/test", TIME);
    var headers =
        new RecordHeaders()
            .add("ce_type", "io.tallyman.command.expire.v1".getBytes(UTF_8))
            .add("ce_type", "io.tallyman.command.start.v1".getBytes(UTF_8));

    assertThat(Records.decode(JobCommand.class, headers, record.value())).isEqualTo(START);
  }

  @Test
  void shouldKeepADeadLetterAsItWas() {
    // given
    var headers = new RecordHeaders().add("ce_type", "nonsense".getBytes(UTF_8));
    var origin =
        new ConsumerRecord<>(
            "job-commands",
            3,
            42L,
            TIME.toEpochMilli(),
            TimestampType.CREATE_TIME,
            3,
            2,
            new byte[] {1, 2, 3},
            new byte[] {-1, 0},
            headers,
            Optional.<Integer>empty());

    // when
    var letter = Records.deadLetter(origin, "no such type", "api");

    // then
    assertThat(letter.topic()).isEqualTo("dead-letters");
    assertThat(letter.key()).containsExactly(1, 2, 3);
    assertThat(letter.value()).containsExactly(-1, 0);
    assertThat(texts(letter.headers()))
        .containsExactlyInAnyOrderEntriesOf(
            Map.of(
                "ce_type", "nonsense",
                "tallyman-origin", "job-commands-3@42",
                "tallyman-reason", "no such type",
                "tallyman-service", "api"));
    assertThat(texts(headers)).as("the record's own headers").hasSize(1);
  }

  @ParameterizedTest
  @CsvSource({"true, false, false", "false, true, false", "false, false, true"})
  void shouldTellButThePlaceOfADeadLetterThatIsTooLarge(
      boolean isKeyLarge, boolean isValueLarge, boolean isHeaderLarge) {
    // given: what Kafka takes, and not with our headers
    var large = new byte[Topics.MAX_RECORD_BYTES - 100];
    var small = new byte[1];
    var origin =
        new ConsumerRecord<>(
            "job-commands",
            3,
            42L,
            TIME.toEpochMilli(),
            TimestampType.CREATE_TIME,
            3,
            2,
            isKeyLarge ? large : small,
            isValueLarge ? large : small,
            new RecordHeaders().add("x", isHeaderLarge ? large : small),
            Optional.<Integer>empty());

    // when
    var letter = Records.deadLetter(origin, "y".repeat(2_000), "api");

    // then
    assertThat(letter.key()).isNull();
    assertThat(letter.value()).isNull();
    assertThat(Records.fits(null, null, letter.headers())).isTrue();
    assertThat(texts(letter.headers()))
        .containsEntry("tallyman-origin", "job-commands-3@42")
        .containsEntry("tallyman-service", "api")
        .doesNotContainKey("x");
    assertThat(texts(letter.headers()).get("tallyman-reason"))
        .hasSizeLessThan(1_200)
        .endsWith("(the record itself is too large to be here: read it where it was)");
  }

  private static Map<String, String> texts(Headers headers) {
    var texts = new LinkedHashMap<String, String>();
    headers.forEach(header -> texts.put(header.key(), new String(header.value(), UTF_8)));
    return texts;
  }

  private static ConsumerRecord<byte[], byte[]> under(byte @Nullable [] key) {
    return new ConsumerRecord<>(
        "job-commands",
        0,
        7L,
        ConsumerRecord.NO_TIMESTAMP,
        TimestampType.NO_TIMESTAMP_TYPE,
        ConsumerRecord.NULL_SIZE,
        ConsumerRecord.NULL_SIZE,
        key,
        MessageCodec.encode(START),
        Records.headers(START, "job-1", "id-1", "/test", TIME),
        Optional.empty());
  }
}
