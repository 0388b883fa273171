package io.tallyman.chaos.http;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.tallyman.chaos.history.Received;
import io.tallyman.chaos.history.Ticker;
import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class ReceiverTest {

  private final List<Received> recorded = new CopyOnWriteArrayList<>();
  private final Receiver receiver = new Receiver(new Ticker(Instant.EPOCH), recorded::add);
  private final HttpClient http =
      HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();

  @AfterEach
  void stop() {
    http.shutdownNow();
    receiver.close();
  }

  @Test
  void shouldRecordAllOfARequest() throws Exception {
    // when
    var answer = post("/ok", "msg_1");

    // then
    assertThat(answer.statusCode()).isEqualTo(200);
    assertThat(recorded).hasSize(1);
    var received = recorded.getFirst();
    assertThat(received.path()).isEqualTo("/ok");
    assertThat(received.body()).isEqualTo("{\"é\":1}");
    assertThat(received.headers()).containsEntry("webhook-id", "msg_1");
    assertThat(received.answer()).isEqualTo(200);
  }

  @Test
  void shouldFailTheFirstDeliveriesOfEachId() throws Exception {
    assertThat(
            List.of(
                post("/flaky/2", "a").statusCode(),
                post("/flaky/2", "a").statusCode(),
                post("/flaky/2", "b").statusCode(),
                post("/flaky/2", "a").statusCode()))
        .containsExactly(500, 500, 500, 200);
    assertThat(recorded.stream().map(Received::answer)).containsExactly(500, 500, 500, 200);
  }

  @Test
  void shouldRecordADeliveryWhoseConnectionItDrops() throws Exception {
    // when, then
    assertThatThrownBy(() -> post("/drop/1", "a")).isInstanceOf(IOException.class);
    assertThat(recorded.stream().map(Received::answer)).containsExactly(0);
    assertThat(post("/drop/1", "a").statusCode()).isEqualTo(200);
  }

  @Test
  void shouldSayWhenToComeAgain() throws Exception {
    var busy = post("/busy/1", "a");

    assertThat(busy.statusCode()).isEqualTo(503);
    assertThat(busy.headers().firstValue("retry-after")).contains("1");
    assertThat(post("/busy/1", "a").statusCode()).isEqualTo(200);
  }

  @Test
  void shouldRecordBeforeItAnswersSlowly() throws Exception {
    // when
    var began = System.nanoTime();
    var answer = http.sendAsync(request("/slow/700", "a"), BodyHandlers.discarding());
    while (recorded.isEmpty() && !answer.isDone()) {
      Thread.onSpinWait();
    }

    // then
    assertThat(answer).isNotDone();
    assertThat(answer.get().statusCode()).isEqualTo(200);
    assertThat(Duration.ofNanos(System.nanoTime() - began)).isGreaterThan(Duration.ofMillis(700));
  }

  @Test
  void shouldBeBrokenForEverWhereItIs() throws Exception {
    assertThat(post("/broken", "a").statusCode()).isEqualTo(500);
    assertThat(post("/broken", "a").statusCode()).isEqualTo(500);
    assertThat(post("/elsewhere", "a").statusCode()).isEqualTo(404);
  }

  @Test
  void shouldNotRecordARequestThatBreaksOff() throws Exception {
    // when
    try (var socket = new Socket(InetAddress.getLoopbackAddress(), receiver.url().getPort())) {
      socket
          .getOutputStream()
          .write("POST /ok HTTP/1.1\r\nContent-Length: 10\r\n\r\nhalf".getBytes(US_ASCII));
      socket.shutdownOutput();
      assertThat(socket.getInputStream().read()).isEqualTo(-1);
    }

    // then
    assertThat(recorded).isEmpty();
  }

  private HttpResponse<Void> post(String path, String id) throws Exception {
    return http.send(request(path, id), BodyHandlers.discarding());
  }

  private HttpRequest request(String path, String id) {
    return HttpRequest.newBuilder(receiver.url().resolve(path))
        .header("webhook-id", id)
        .POST(BodyPublishers.ofString("{\"é\":1}"))
        .build();
  }
}
