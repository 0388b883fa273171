package io.tallyman.chaos.history;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class HistoryTest {

  @TempDir Path folder;

  @Test
  void shouldReadWhatWasWritten() {
    // given
    var call = new ClientCall(1, 2, "c-1", "run", "j", null, "{}", ClientCall.Outcome.OK, 200, "");
    var record = new LogRecord("job-events", 0, 7, 1, "j", Map.of("ce_id", "j:1"), "{\"é\":1}");
    var received = new Received(3, "/hook", Map.of("webhook-id", "msg_1"), "{}", 200);
    var container =
        new ContainerSighting(4, ContainerSighting.Kind.STARTED, "abc", "j", 1, "runner-1");
    var redis = new RedisSighting(5, "job:j", 3, "{}", 3_600_000, false);
    var fault = new FaultMark(6, "kill", "api-1", true, "");
    var service = new ServiceSighting(7, "api-1", 0, "refused", 0, 0);

    // when
    try (var writer = new HistoryWriter(folder)) {
      List.of(call, record, received, container, redis, fault, service).forEach(writer::write);
    }
    HistoryWriter.writeRun(folder, run());

    // then
    assertThat(History.read(folder))
        .isEqualTo(
            new History(
                run(),
                List.of(call),
                List.of(record),
                List.of(received),
                List.of(container),
                List.of(redis),
                List.of(fault),
                List.of(service)));
  }

  @Test
  void shouldNameTheLineThatCannotBeRead() throws IOException {
    // given
    new HistoryWriter(folder).close();
    HistoryWriter.writeRun(folder, run());
    Files.writeString(folder.resolve("log.jsonl"), "{\"topic\":", StandardOpenOption.APPEND);

    // when, then
    assertThatThrownBy(() -> History.read(folder))
        .isInstanceOf(UncheckedIOException.class)
        .hasRootCauseInstanceOf(com.fasterxml.jackson.core.JsonProcessingException.class)
        .cause()
        .hasMessageContaining("log.jsonl, line 1");
  }

  private static Run run() {
    return new Run(
        42, "smoke", 1, 2, 3, 4, 6_000, 3, 3, 200, "whsec_x", List.of(), List.of(), List.of());
  }
}
