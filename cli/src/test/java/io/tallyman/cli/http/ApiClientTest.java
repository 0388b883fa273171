package io.tallyman.cli.http;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.tallyman.schemas.job.JobId;
import java.io.IOException;
import java.net.ServerSocket;
import org.junit.jupiter.api.Test;

class ApiClientTest {

  @Test
  void shouldSayWhatToDoWhenNobodyAnswers() throws IOException {
    // given: a port that was free a moment ago
    int port;
    try (var socket = new ServerSocket(0)) {
      port = socket.getLocalPort();
    }

    try (var client = new ApiClient("http://127.0.0.1:%d/v2/default".formatted(port))) {
      assertThatThrownBy(() -> client.attempts(new JobId("job-1")))
          .isInstanceOf(IOException.class)
          .hasMessage(
              "Expected an API at http://127.0.0.1:%d/v2/default, but nobody answers there: start"
                  + " one (./tally dev), or say where it is (--url)",
              port);
    }
  }
}
