package io.tallyman.schemas.json;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.tallyman.schemas.job.EndpointName;
import io.tallyman.schemas.job.EventMeta;
import io.tallyman.schemas.job.JobCommand;
import io.tallyman.schemas.job.JobEvent;
import io.tallyman.schemas.job.JobId;
import io.tallyman.schemas.job.JobRequest;
import io.tallyman.schemas.job.JobView;
import io.tallyman.schemas.job.Policy;
import io.tallyman.schemas.job.RawJson;
import io.tallyman.schemas.job.RunnerId;
import java.net.URI;
import java.time.Duration;
import java.time.Instant;
import java.util.HexFormat;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class MessageCodecTest {

  private static final EventMeta META =
      new EventMeta(
          new JobId("job-1"),
          EndpointName.DEFAULT,
          3,
          2,
          Instant.parse("2026-11-24T10:00:00.123Z"),
          "runner/r1",
          Optional.of(URI.create("http://localhost:9/hook?x=%20")));

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{}",
        "{\"b\":1,\"a\":[1, 2 ,{\"x\" : null}]}",
        "\"text with \\\" quote and \\u00e9 é 😀\"",
        "1e400",
        "-0.10",
        "12345678901234567890123456789012345678901234567890",
        "true",
        "null",
        "[ ]",
        "{\"same\":1,\"same\":2}"
      })
  void shouldCarryPayloadByteForByte(String json) throws MalformedMessage {
    var submit =
        new JobCommand.Submit(
            new JobId("job-1"),
            new JobRequest(
                EndpointName.DEFAULT, RawJson.of(json), Policy.DEFAULT, Optional.empty(), "ab"),
            "api");

    var decoded = MessageCodec.decode(JobCommand.Submit.class, MessageCodec.encode(submit));

    assertThat(decoded).isEqualTo(submit);
    assertThat(decoded.request().input().toString()).isEqualTo(json);
  }

  @Test
  void shouldWriteStatusBesideTheFactsAndSkipItWhenReading() throws MalformedMessage {
    JobEvent event =
        new JobEvent.JobCompleted(
            META,
            new JobEvent.Run(new RunnerId("r1"), Duration.ofMillis(12), Duration.ofMillis(345)),
            RawJson.of("{\"ok\":true}"));

    var json = MessageCodec.encode(event);

    assertThat(new String(json, UTF_8))
        .contains("\"status\":\"COMPLETED\"", "\"executionTime\":345", "\"sequence\":3")
        .contains("\"time\":\"2026-11-24T10:00:00.123Z\"", "\"output\":{\"ok\":true}");
    assertThat(MessageCodec.decode(JobEvent.JobCompleted.class, json)).isEqualTo(event);
  }

  @Test
  void shouldLeaveOutWhatAViewDoesNotHave() throws MalformedMessage {
    var json = new String(MessageCodec.encode(JobView.accepted(new JobId("job-1"))), UTF_8);

    assertThat(json).isEqualTo("{\"id\":\"job-1\",\"status\":\"IN_QUEUE\"}");
    assertThat(MessageCodec.decode(JobView.class, json.getBytes(UTF_8)))
        .isEqualTo(JobView.accepted(new JobId("job-1")));
  }

  @Test
  void shouldTellAnOutputNullFromNoOutput() throws MalformedMessage {
    var json = "{\"id\":\"job-1\",\"status\":\"COMPLETED\",\"output\":null}";

    assertThat(MessageCodec.decode(JobView.class, json.getBytes(UTF_8)).output())
        .contains(RawJson.NULL);
  }

  @Test
  void shouldSkipMembersThatANewerWriterAdded() throws MalformedMessage {
    var json = "{\"jobId\":\"job-1\",\"attempt\":1,\"new\":{\"x\":[1]},\"runner\":\"r1\"}";

    assertThat(MessageCodec.decode(JobCommand.Start.class, json.getBytes(UTF_8)))
        .isEqualTo(new JobCommand.Start(new JobId("job-1"), 1, new RunnerId("r1")));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "null",
        "[]",
        "not json",
        "{\"jobId\":\"job-1\"}",
        "{\"jobId\":\"a/b\",\"attempt\":1,\"runner\":\"r1\"}",
        "{\"jobId\":7,\"attempt\":\"x\",\"runner\":\"r1\"}",
        "{\"jobId\":null,\"attempt\":1,\"runner\":\"r1\"}"
      })
  void shouldSayWhatIsWrongWithBytesThatAreNoMessage(String json) {
    assertThatThrownBy(() -> MessageCodec.decode(JobCommand.Start.class, json.getBytes(UTF_8)))
        .isInstanceOf(MalformedMessage.class)
        .hasMessageStartingWith("Expected JSON of a Start");
  }

  /** Bytes that Jackson takes for a broken UTF-16 or UTF-32, and tells by another exception. */
  @ParameterizedTest
  @ValueSource(strings = {"0000fffe", "feff0000", "7b000000220000ff", "fffe", "22c08022"})
  void shouldSayThatBytesAreNoMessageWhenTheyAreNotEvenText(String hex) {
    assertThatThrownBy(
            () -> MessageCodec.decode(JobCommand.Start.class, HexFormat.of().parseHex(hex)))
        .isInstanceOf(MalformedMessage.class)
        .hasMessageStartingWith("Expected JSON of a Start");
  }

  @Test
  void shouldRefuseATypeOfAnotherVersion() {
    assertThatThrownBy(() -> MessageCodec.decode("io.tallyman.job.queued.v9", new byte[0]))
        .isInstanceOf(MalformedMessage.class)
        .hasMessageContaining("io.tallyman.job.queued.v9");
  }
}
