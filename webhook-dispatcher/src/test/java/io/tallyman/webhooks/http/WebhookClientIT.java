package io.tallyman.webhooks.http;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.tallyman.runtime.endpoints.Endpoint.Success;
import io.tallyman.runtime.net.AddressPolicy;
import io.tallyman.runtime.net.VettedResolver;
import io.tallyman.schemas.job.RawJson;
import io.tallyman.webhooks.delivery.Outcome;
import io.tallyman.webhooks.delivery.Outcome.Kind;
import io.tallyman.webhooks.delivery.Sender.Request;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.nio.channels.SocketChannel;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The client against receivers that keep to no rule. */
@Timeout(60)
class WebhookClientIT {

  private static final Duration LONG = Duration.ofSeconds(30);
  private static final Duration SHORT = Duration.ofMillis(500);

  /** How late a deadline may be noticed on a busy machine. */
  private static final Duration SLACK = Duration.ofSeconds(2);

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
  void shouldSendTheBytesAndNoMoreHeadersThanItMust() throws Exception {
    // given
    var received = new CompletableFuture<byte[]>();
    var body = "{\"id\":\"héllo 😀\",\"n\":1e0}";
    try (var server = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      Thread.ofVirtual()
          .start(
              () -> {
                try (var socket = server.accept()) {
                  var bytes = new ByteArrayOutputStream();
                  while (!bytes.toString(UTF_8).endsWith("e0}")) {
                    bytes.write(socket.getInputStream().read());
                  }
                  socket.getOutputStream().write("HTTP/1.1 200 OK\r\n\r\n".getBytes(UTF_8));
                  received.complete(bytes.toByteArray());
                } catch (IOException e) {
                  received.completeExceptionally(e);
                }
              });

      // when
      var url = "http://127.0.0.1:%d/a%%20b?c=d".formatted(server.getLocalPort());
      var outcome = client.prepare(request(URI.create(url), body, LONG)).run();

      // then
      assertThat(outcome.kind()).isEqualTo(Kind.DELIVERED);
      var text = new String(received.get(5, TimeUnit.SECONDS), UTF_8);
      assertThat(text.lines())
          .containsExactlyInAnyOrder(
              "POST /a%20b?c=d HTTP/1.1",
              "webhook-id: msg_1",
              "Content-Type: application/json",
              "Content-Length: " + body.getBytes(UTF_8).length,
              "Host: 127.0.0.1:" + server.getLocalPort(),
              "Connection: keep-alive",
              "User-Agent: Tallyman/test",
              "",
              body);
    }
  }

  @ParameterizedTest
  @CsvSource({
    "200, DELIVERED, DELIVERED",
    "201, STATUS, DELIVERED",
    "202, STATUS, DELIVERED",
    "206, STATUS, DELIVERED",
    "204, STATUS, DELIVERED",
    "299, STATUS, DELIVERED",
    "302, REDIRECT, REDIRECT",
    "400, STATUS, STATUS",
    "410, GONE, GONE",
    "429, STATUS, STATUS",
    "500, STATUS, STATUS",
    "599, STATUS, STATUS",
    "600, PROTOCOL, PROTOCOL",
    "999, PROTOCOL, PROTOCOL",
  })
  void shouldJudgeTheStatus(int status, Kind only200, Kind any2xx) throws Exception {
    // given
    var head = "HTTP/1.1 %d x".formatted(status);
    try (var receiver =
        status == 204
            ? RawReceiver.answering(head, "", "")
            : RawReceiver.answering(head, "Content-Length: 3", "", "why")) {
      // when, then
      for (var success : Success.values()) {
        var outcome =
            client
                .prepare(new Request(receiver.url(), Map.of(), RawJson.of("{}"), LONG, success))
                .run();
        assertThat(outcome.kind())
            .as("%s", success)
            .isEqualTo(success == Success.ONLY_200 ? only200 : any2xx);
      }
      assertThat(receiver.requests()).isEqualTo(2);
    }
  }

  @Test
  void shouldTellTheFirstBytesOfTheAnswer() throws Exception {
    try (var receiver =
        RawReceiver.answering(
            "HTTP/1.1 500 x",
            "Transfer-Encoding: chunked",
            "",
            "5",
            "wrong",
            "0",
            "T: x",
            "",
            "")) {
      // when
      var outcome = post(receiver.url(), LONG);

      // then
      assertThat(outcome)
          .isEqualTo(new Outcome(Kind.STATUS, Optional.of(500), "wrong", Optional.empty()));
    }
  }

  @Test
  void shouldUseAConnectionAgain() throws Exception {
    try (var receiver = RawReceiver.answering("HTTP/1.1 200 OK", "Content-Length: 2", "", "ok")) {
      // when
      for (var i = 0; i < 3; i++) {
        assertThat(post(receiver.url(), LONG).isDelivered()).isTrue();
      }

      // then
      assertThat(receiver.requests()).isEqualTo(3);
      assertThat(receiver.connections()).isEqualTo(1);
    }
  }

  @Test
  void shouldNotSendAgainByItselfWhenAKeptConnectionIsClosedOnIt() throws Exception {
    // given: the second request is read, and not answered
    try (var receiver =
        new RawReceiver(
            connection -> {
              connection.readRequest();
              connection.write("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
              connection.readRequest();
            })) {
      assertThat(post(receiver.url(), LONG).isDelivered()).isTrue();

      // when
      var outcome = post(receiver.url(), LONG);

      // then
      assertThat(outcome.kind()).isEqualTo(Kind.BROKEN);
      assertThat(receiver.requests()).isEqualTo(2);
      assertThat(receiver.connections()).isEqualTo(1);
    }
  }

  @Test
  void shouldNotSendAgainByItselfWhenAskedToRetryLater() throws Exception {
    try (var receiver =
        RawReceiver.answering("HTTP/1.1 503 x", "Retry-After: 0", "Content-Length: 0", "", "")) {
      // when
      var outcome = post(receiver.url(), LONG);

      // then
      assertThat(outcome.statusCode()).contains(503);
      assertThat(receiver.requests()).isEqualTo(1);
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {301, 302, 303, 307, 308})
  void shouldNotFollowARedirect(int status) throws Exception {
    try (var second = RawReceiver.answering("HTTP/1.1 200 OK", "Content-Length: 0", "", "");
        var first =
            RawReceiver.answering(
                "HTTP/1.1 %d x".formatted(status),
                "Location: " + second.url(),
                "Content-Length: 0",
                "",
                "")) {
      // when
      var outcome = post(first.url(), LONG);

      // then
      assertThat(outcome.kind()).isEqualTo(Kind.REDIRECT);
      assertThat(outcome.detail()).isEqualTo("Not followed: " + second.url());
      assertThat(second.connections()).isZero();
    }
  }

  @Test
  void shouldNotSendCookiesBack() throws Exception {
    // given
    try (var receiver =
        RawReceiver.answering(
            "HTTP/1.1 401 x",
            "Set-Cookie: a=b",
            "WWW-Authenticate: Basic realm=x",
            "Content-Length: 0",
            "",
            "")) {
      // when
      post(receiver.url(), LONG);
      post(receiver.url(), LONG);

      // then
      assertThat(receiver.requests()).isEqualTo(2);
      assertThat(receiver.heads()).hasSize(2).noneMatch(head -> head.contains("ookie"));
    }
  }

  @Test
  void shouldEndAtTheDeadlineWhenTheReceiverIsSilent() throws Exception {
    try (var receiver = new RawReceiver(RawReceiver.Connection::hang)) {
      assertTimeout(receiver);
    }
  }

  @Test
  void shouldEndAtTheDeadlineWhenTheHeadDrips() throws Exception {
    try (var receiver =
        new RawReceiver(
            connection -> {
              connection.readRequest();
              connection.write("HTTP/1.1 200 OK\r\nx: ");
              connection.drip("a", Duration.ofMillis(50));
            })) {
      assertTimeout(receiver);
    }
  }

  @Test
  void shouldEndAtTheDeadlineWhenContinuesNeverEnd() throws Exception {
    try (var receiver =
        new RawReceiver(
            connection -> {
              connection.readRequest();
              connection.drip("HTTP/1.1 100 Continue\r\n\r\n", Duration.ofMillis(1));
            })) {
      assertTimeout(receiver);
    }
  }

  @Test
  void shouldEndAtTheDeadlineWhenTheReceiverNeverReads() throws Exception {
    // given: a body larger than all buffers between us
    var body = "\"" + "x".repeat(20_000_000) + "\"";
    try (var receiver = new RawReceiver(RawReceiver.Connection::awaitClose)) {
      // when
      var start = System.nanoTime();
      var outcome = client.prepare(request(receiver.url(), body, SHORT)).run();

      // then
      assertThat(outcome.kind()).isEqualTo(Kind.TIMEOUT);
      assertThat(Duration.ofNanos(System.nanoTime() - start)).isBetween(SHORT, SHORT.plus(SLACK));
    }
  }

  @Test
  void shouldEndAtTheDeadlineWhenNobodyAcceptsTheConnection() throws Exception {
    // given: a full backlog, whose owner never accepts
    var waiting = new ArrayList<SocketChannel>();
    try (var server = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      for (var i = 0; i < 4; i++) {
        var channel = SocketChannel.open();
        channel.configureBlocking(false);
        channel.connect(
            new InetSocketAddress(InetAddress.getLoopbackAddress(), server.getLocalPort()));
        waiting.add(channel);
      }

      // when
      var start = System.nanoTime();
      var outcome =
          post(URI.create("http://127.0.0.1:%d/".formatted(server.getLocalPort())), SHORT);

      // then
      assertThat(outcome.kind()).isEqualTo(Kind.TIMEOUT);
      assertThat(Duration.ofNanos(System.nanoTime() - start)).isBetween(SHORT, SHORT.plus(SLACK));
    } finally {
      for (var channel : waiting) {
        channel.close();
      }
    }
  }

  @Test
  void shouldKeepTheStatusAndHangUpWhenTheBodyDrips() throws Exception {
    try (var receiver =
        new RawReceiver(
            connection -> {
              connection.readRequest();
              connection.write("HTTP/1.1 500 x\r\nTransfer-Encoding: chunked\r\n\r\n");
              connection.drip("1\r\na\r\n", Duration.ofMillis(20));
            })) {
      // when
      var start = System.nanoTime();
      var outcome = post(receiver.url(), SHORT);

      // then
      assertThat(outcome.statusCode()).contains(500);
      assertThat(Duration.ofNanos(System.nanoTime() - start)).isBetween(SHORT, SHORT.plus(SLACK));
      assertThat(receiver.awaitHangUp()).isTrue();
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"Transfer-Encoding: chunked", "Content-Length: 10000000000"})
  void shouldReadNoMoreThanItKeeps(String framing) throws Exception {
    // given: an answer without end
    var chunk = "1000\r\n" + "x".repeat(4_096) + "\r\n";
    try (var receiver =
        new RawReceiver(
            connection -> {
              connection.readRequest();
              connection.write("HTTP/1.1 200 OK\r\n" + framing + "\r\n\r\n");
              while (true) {
                connection.write(chunk);
              }
            })) {
      // when
      var start = System.nanoTime();
      var outcome = post(receiver.url(), LONG);

      // then
      assertThat(outcome.kind()).isEqualTo(Kind.DELIVERED);
      assertThat(outcome.detail()).hasSize(Outcome.MAX_DETAIL);
      assertThat(Duration.ofNanos(System.nanoTime() - start)).isLessThan(SLACK);
      assertThat(receiver.awaitHangUp()).isTrue();
    }
  }

  @Test
  void shouldNotUnpackABomb() throws Exception {
    // given: 100 KB that unpack to 100 MB
    var bomb = new ByteArrayOutputStream();
    try (var gzip = new GZIPOutputStream(bomb)) {
      for (var i = 0; i < 100; i++) {
        gzip.write(new byte[1 << 20]);
      }
    }
    try (var receiver =
        new RawReceiver(
            connection -> {
              connection.readRequest();
              connection.write(
                  "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n"
                      .formatted(bomb.size()));
              connection.write(bomb.toByteArray());
            })) {
      // when
      var outcome = post(receiver.url(), LONG);

      // then: as it came, with the two bytes that gzip begins with
      assertThat(outcome.kind()).isEqualTo(Kind.DELIVERED);
      assertThat(outcome.detail()).startsWith("\u001f\ufffd");
    }
  }

  @Test
  void shouldSkipInformationBeforeTheAnswer() throws Exception {
    // given
    var early = "HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n";
    try (var receiver =
        RawReceiver.answering(
            "HTTP/1.1 100 Continue\r\n\r\n"
                + early.repeat(5)
                + "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")) {
      // when, then
      assertThat(post(receiver.url(), LONG).kind()).isEqualTo(Kind.DELIVERED);
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "SSH-2.0-OpenSSH_9.9\r\n\r\n",
        "HTTP/9.9 200 OK\r\n\r\n",
        "HTTP/1.1 abc\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
        "\u0000\u0001\u0002\u0003\r\n\r\n",
      })
  void shouldCallNonsenseByItsName(String answer) throws Exception {
    try (var receiver =
        new RawReceiver(
            connection -> {
              connection.readRequest();
              connection.write(answer);
            })) {
      // when, then
      assertThat(post(receiver.url(), LONG).kind()).isIn(Kind.PROTOCOL, Kind.BROKEN);
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"many headers", "long line"})
  void shouldRefuseAHeadWithoutEnd(String which) throws Exception {
    // given
    var more = which.equals("many headers") ? "a: b\r\n" : "x".repeat(1_000);
    try (var receiver =
        new RawReceiver(
            connection -> {
              connection.readRequest();
              connection.write("HTTP/1.1 200 OK\r\nx: ");
              while (true) {
                connection.write(more);
              }
            })) {
      // when, then
      assertThat(post(receiver.url(), LONG).kind()).isEqualTo(Kind.PROTOCOL);
    }
  }

  @Test
  void shouldTurnAnyBytesIntoAnOutcome() throws Exception {
    // given
    var random = new Random(3);
    var answer = new byte[4_096];
    try (var receiver =
        new RawReceiver(
            connection -> {
              connection.readRequest();
              connection.write(answer);
            })) {
      for (var i = 0; i < 1_000; i++) {
        random.nextBytes(answer);

        // when, then: no exception
        assertThat(post(receiver.url(), LONG).isDelivered()).isFalse();
      }
    }
  }

  @Test
  void shouldTellWhyThereWasNoConnection() throws Exception {
    // given
    var free = 0;
    try (var server = new ServerSocket(0)) {
      free = server.getLocalPort();
    }
    try (var resetting = new RawReceiver(RawReceiver.Connection::reset);
        var reading =
            new RawReceiver(
                connection -> {
                  connection.readRequest();
                  connection.reset();
                });
        var plain = RawReceiver.answering("HTTP/1.1 400 this is not TLS", "", "")) {
      // when, then
      assertThat(post(URI.create("http://127.0.0.1:" + free), LONG).kind()).isEqualTo(Kind.CONNECT);
      // Nobody can tell these two apart: the network took the request, whoever read it.
      assertThat(post(resetting.url(), LONG).kind()).isEqualTo(Kind.BROKEN);
      assertThat(post(reading.url(), LONG).kind()).isEqualTo(Kind.BROKEN);
      assertThat(reading.requests()).isEqualTo(1);
      assertThat(post(URI.create("http://nowhere.invalid/"), LONG).kind()).isEqualTo(Kind.DNS);
      var tls =
          post(URI.create("https://127.0.0.1:" + plain.url().getPort()), SHORT.multipliedBy(4));
      assertThat(tls.kind()).isIn(Kind.TLS, Kind.TIMEOUT);
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "ftp://127.0.0.1/",
        "file:///etc/passwd",
        "mailto:a@b",
        "/relative",
        "http://user:pw@127.0.0.1/",
        "http://127.0.0.1:65536/",
        "http://under_score/",
        "http://[::1]/",
        "http://10.0.0.1/",
      })
  void shouldAskNobodyWhenTheUrlCannotBeAsked(String url) {
    // when
    var outcome = post(URI.create(url), LONG);

    // then
    assertThat(outcome.kind()).isEqualTo(Kind.INVALID_URL);
    assertThat(outcome.isWorthRetrying()).isFalse();
  }

  @Test
  void shouldEndAtOnceWhenItIsCancelled() throws Exception {
    try (var receiver = new RawReceiver(RawReceiver.Connection::hang)) {
      // given
      var exchange = client.prepare(request(receiver.url(), "{}", LONG));
      var outcome = CompletableFuture.supplyAsync(exchange::run);
      while (receiver.connections() == 0) {
        Thread.onSpinWait();
      }

      // when
      exchange.cancel();

      // then
      assertThat(outcome.get(5, TimeUnit.SECONDS).kind()).isEqualTo(Kind.INTERRUPTED);
    }
  }

  @Test
  void shouldGiveEveryConnectionBack() throws Exception {
    // given: more failures of every kind than there are connections
    try (var silent = new RawReceiver(RawReceiver.Connection::hang);
        var resetting = new RawReceiver(RawReceiver.Connection::reset);
        var good = RawReceiver.answering("HTTP/1.1 200 OK", "Content-Length: 0", "", "")) {
      for (var i = 0; i < 12; i++) {
        post(silent.url(), Duration.ofMillis(20));
        post(resetting.url(), LONG);
      }

      // when, then
      assertThat(post(good.url(), Duration.ofSeconds(5)).kind()).isEqualTo(Kind.DELIVERED);
    }
  }

  private void assertTimeout(RawReceiver receiver) throws InterruptedException {
    var start = System.nanoTime();
    var outcome = post(receiver.url(), SHORT);
    assertThat(outcome).isEqualTo(Outcome.failed(Kind.TIMEOUT, "No answer within 500 ms"));
    assertThat(Duration.ofNanos(System.nanoTime() - start)).isBetween(SHORT, SHORT.plus(SLACK));
    assertThat(receiver.awaitHangUp()).isTrue();
  }

  private Outcome post(URI url, Duration deadline) {
    return client.prepare(request(url, "{}", deadline)).run();
  }

  private static Request request(URI url, String body, Duration deadline) {
    return new Request(
        url, Map.of("webhook-id", "msg_1"), RawJson.of(body), deadline, Success.ONLY_200);
  }
}
