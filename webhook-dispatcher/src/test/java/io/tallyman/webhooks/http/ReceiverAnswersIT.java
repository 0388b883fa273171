package io.tallyman.webhooks.http;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.tallyman.runtime.endpoints.Endpoint.Success;
import io.tallyman.runtime.net.AddressPolicy;
import io.tallyman.runtime.net.VettedResolver;
import io.tallyman.schemas.job.EndpointName;
import io.tallyman.schemas.job.JobId;
import io.tallyman.schemas.job.RawJson;
import io.tallyman.schemas.job.WebhookAttempt;
import io.tallyman.schemas.json.MessageCodec;
import io.tallyman.webhooks.delivery.Outcome;
import io.tallyman.webhooks.delivery.Outcome.Kind;
import io.tallyman.webhooks.delivery.Sender.Request;
import java.io.IOException;
import java.net.URI;
import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What a receiver says beside its status. */
@Timeout(30)
class ReceiverAnswersIT {

  private final ScheduledThreadPoolExecutor timer = new ScheduledThreadPoolExecutor(1);
  private final WebhookClient client =
      new WebhookClient(
          "Tallyman/test", 10, new VettedResolver(AddressPolicy.allowing("127.0.0.0/8")), timer);

  @AfterEach
  void close() {
    client.close();
    timer.shutdownNow();
  }

  @Test
  void shouldTellWhenTheReceiverWantsToBeAskedAgain() throws IOException {
    assertThat(answered("HTTP/1.1 503 x", "Retry-After: 30").retryAfter()).contains("30");
    assertThat(answered("HTTP/1.1 429 x", "retry-after: 5", "Retry-After: 40").retryAfter())
        .contains("5");
    assertThat(answered("HTTP/1.1 301 x", "Retry-After: 7").retryAfter()).contains("7");
    assertThat(answered("HTTP/1.1 500 x").retryAfter()).isEmpty();
    assertThat(answered("HTTP/1.1 500 x", "Retry-After:").retryAfter().orElse("")).isEmpty();
  }

  @Test
  void shouldTellThatTheReceiverDoesNotWantTheMessage() throws IOException {
    var aborted = answered("HTTP/1.1 500 x", "webhook-delivery: abort-message");

    assertThat(aborted.kind()).isEqualTo(Kind.ABORTED);
    assertThat(aborted.statusCode()).contains(500);
    assertThat(aborted.isWorthRetrying()).isFalse();
    assertThat(answered("HTTP/1.1 500 x", "webhook-delivery: later").kind()).isEqualTo(Kind.STATUS);
    assertThat(answered("HTTP/1.1 200 x", "webhook-delivery: abort-message").kind())
        .isEqualTo(Kind.DELIVERED);
  }

  @Test
  void shouldTakeAnAnswerInChunksWithTrailers() throws IOException {
    try (var receiver =
        RawReceiver.answering(
            "HTTP/1.1 200 OK",
            "Transfer-Encoding: chunked",
            "Trailer: x",
            "",
            "2",
            "ok",
            "0",
            "x: y",
            "",
            "")) {
      assertThat(post(receiver.url()).kind()).isEqualTo(Kind.DELIVERED);
      assertThat(post(receiver.url()).detail()).isEqualTo("ok");
      assertThat(receiver.connections()).isEqualTo(1);
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "<script>alert(1)</script>",
        "\u001b[2J\u001b[31m red",
        "\u0000\u0000\u0000",
        "\u00ff\u00fe\u0080\u00c3(",
        "\"}, {\"forged\": true",
        "\u0085\u0009\b\f\u007f",
      })
  void shouldKeepAnyTextAsTextInTheRecord(String body) throws Exception {
    // given
    var outcome = answered("HTTP/1.1 500 x", "Content-Length: " + body.length(), "", body);

    // when: bytes that are no UTF-8 are replaced, once
    var attempt = attempt(outcome);
    var json = MessageCodec.encode(attempt);

    // then
    assertThat(MessageCodec.decode(WebhookAttempt.class, json)).isEqualTo(attempt);
    assertThat(new String(json, UTF_8).chars()).allMatch(it -> it >= ' ');
    assertThat(attempt.detail()).isEqualTo(new String(body.getBytes(ISO_8859_1), UTF_8));
  }

  private Outcome answered(String... lines) throws IOException {
    var head = String.join("\r\n", lines);
    var answer = head.contains("Content-Length") ? head : head + "\r\nContent-Length: 0\r\n\r\n";
    try (var receiver = RawReceiver.answering(answer)) {
      return post(receiver.url());
    }
  }

  private Outcome post(URI url) {
    return client
        .prepare(
            new Request(url, Map.of(), RawJson.of("{}"), Duration.ofSeconds(10), Success.ONLY_200))
        .run();
  }

  private static WebhookAttempt attempt(Outcome outcome) {
    return new WebhookAttempt(
        "msg_1",
        new JobId("job-1"),
        EndpointName.DEFAULT,
        1,
        1,
        WebhookAttempt.AUTO,
        URI.create("http://a.test/"),
        Instant.EPOCH,
        Duration.ZERO,
        outcome.kind().wireName(),
        outcome.statusCode(),
        outcome.detail(),
        true,
        Optional.empty(),
        Optional.empty());
  }
}
