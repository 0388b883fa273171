package io.tallyman.chaos.http;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;

import io.tallyman.chaos.history.ClientCall;
import io.tallyman.chaos.history.ClientCall.Outcome;
import io.tallyman.chaos.history.Ticker;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.URI;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class ApiCallsTest {

  private static final Duration PATIENCE = Duration.ofMillis(600);

  private final List<ClientCall> recorded = new CopyOnWriteArrayList<>();
  private final List<String> requests = new CopyOnWriteArrayList<>();
  private ServerSocket server;

  @BeforeEach
  void listen() throws IOException {
    server = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
  }

  @AfterEach
  void stop() throws IOException {
    server.close();
  }

  @Test
  void shouldBeSureOfAnAnswerOf200() throws Exception {
    // given
    serve(socket -> answer(socket, "200 OK", "{\"id\":\"j-1\",\"status\":\"IN_QUEUE\"}"));

    // when
    var call = calls(api()).client("c-1", 0).run("{\"input\":1}", "k");

    // then
    assertThat(call.outcome()).isEqualTo(Outcome.OK);
    assertThat(call.status()).isEqualTo(200);
    assertThat(call.job()).isEqualTo("j-1");
    assertThat(call.key()).isEqualTo("k");
    assertThat(call.request()).isEqualTo("{\"input\":1}");
    assertThat(call.endedAt()).isGreaterThanOrEqualTo(call.calledAt());
    assertThat(recorded).containsExactly(call);
    assertThat(requests.getFirst())
        .contains("POST /v2/default/run ", "Idempotency-Key: k", "Authorization: Bearer secret");
  }

  @Test
  void shouldBeSureThatARefusalHadNoEffect() throws Exception {
    serve(socket -> answer(socket, "422 Unprocessable", "{}"));

    var call = calls(api()).client("c-1", 0).run("{}", null);

    assertThat(call.outcome()).isEqualTo(Outcome.FAIL);
    assertThat(call.status()).isEqualTo(422);
    assertThat(call.job()).isNull();
  }

  @Test
  void shouldBeSureThatNothingWasSentWhenTheConnectionIsRefused() throws Exception {
    server.close();

    var call = calls(api()).client("c-1", 0).run("{}", null);

    assertThat(call.outcome()).isEqualTo(Outcome.FAIL);
    assertThat(call.status()).isZero();
    assertThat(call.response()).contains("ConnectException");
  }

  @Test
  void shouldBeSureThatNothingWasSentWhenTheConnectionIsNotAnswered() throws Exception {
    // An address of the documentation's network, to which packets go nowhere.
    var call = calls(URI.create("http://192.0.2.1:9")).client("c-1", 0).run("{}", null);

    assertThat(call.outcome()).as(call.response()).isEqualTo(Outcome.FAIL);
  }

  @Test
  void shouldNotKnowWhenTheAnswerIsAnError() throws Exception {
    serve(socket -> answer(socket, "503 Unavailable", "{}"));

    assertThat(calls(api()).client("c-1", 0).run("{}", null).outcome()).isEqualTo(Outcome.INFO);
  }

  @Test
  void shouldNotKnowWhenThereIsNoAnswer() throws Exception {
    // The connection is made by the kernel; nobody reads.
    var call = calls(api()).client("c-1", 0).run("{}", null);

    assertThat(call.outcome()).isEqualTo(Outcome.INFO);
    assertThat(call.response()).contains("HttpTimeoutException");
    assertThat(call.endedAt() - call.calledAt()).isBetween(600_000L, 5_000_000L);
  }

  @Test
  void shouldNotKnowWhenTheConnectionIsResetAfterTheRequest() throws Exception {
    // given
    serve(socket -> socket.setSoLinger(true, 0));

    // when
    var call = calls(api()).client("c-1", 0).run("{}", null);

    // then
    assertThat(call.outcome()).isEqualTo(Outcome.INFO);
    assertThat(requests).as("a POST is sent once").hasSize(1);
  }

  @Test
  void shouldNotSendAPostAgainWhenAKeptConnectionIsClosed() throws Exception {
    // given: a server that answers one request per connection, and says that it keeps it
    serve(socket -> answer(socket, "200 OK", "{\"id\":\"j\",\"status\":\"IN_QUEUE\"}"));
    var client = calls(api()).client("c-1", 0);
    client.run("{}", null);

    // when
    var second = client.run("{}", null);

    // then
    assertThat(requests).hasSizeLessThanOrEqualTo(2);
    assertThat(second.outcome()).isIn(Outcome.OK, Outcome.INFO);
  }

  @Test
  void shouldTakeTheApisByTurns() throws Exception {
    // given
    serve(socket -> answer(socket, "200 OK", "{}"));
    var dead = new ServerSocket(0, 1, InetAddress.getLoopbackAddress());
    dead.close();
    var client = calls(uri(dead), api()).client("c-1", 0);

    // when, then
    assertThat(client.health().outcome()).isEqualTo(Outcome.FAIL);
    assertThat(client.health().outcome()).isEqualTo(Outcome.OK);
  }

  @Test
  void shouldReadTheBeginOfAnAnswerAlone() {
    assertThat(Answers.id("{\"id\":\"j\",\"status\":\"IN_QUEUE\"}")).contains("j");
    assertThat(Answers.id("{\"output\":{\"id\":\"j\",\"status\":\"x\"}}")).isEmpty();
    assertThat(Answers.isEnd("{\"id\":\"j\",\"status\":\"IN_PROGRESS\",\"delayTime\":1}"))
        .isFalse();
    assertThat(Answers.isEnd("{\"id\":\"j\",\"status\":\"TIMED_OUT\"}")).isTrue();
  }

  private interface Behaviour {
    void after(Socket socket) throws IOException;
  }

  /** Reads what comes at once, does as told, and closes. */
  private void serve(Behaviour behaviour) {
    Thread.ofVirtual()
        .start(
            () -> {
              while (!server.isClosed()) {
                try (var socket = server.accept()) {
                  var buffer = new byte[8_192];
                  var length = socket.getInputStream().read(buffer);
                  if (length > 0) {
                    requests.add(new String(buffer, 0, length, ISO_8859_1));
                    behaviour.after(socket);
                  }
                } catch (IOException e) {
                  if (!server.isClosed()) {
                    throw new UncheckedIOException(e);
                  }
                }
              }
            });
  }

  private static void answer(Socket socket, String status, String body) throws IOException {
    socket
        .getOutputStream()
        .write(
            "HTTP/1.1 %s\r\nContent-Length: %d\r\n\r\n%s"
                .formatted(status, body.length(), body)
                .getBytes(ISO_8859_1));
  }

  private ApiCalls calls(URI... apis) {
    return new ApiCalls(
        List.of(apis), "secret", PATIENCE, new Ticker(Instant.EPOCH), recorded::add);
  }

  private URI api() {
    return uri(server);
  }

  private static URI uri(ServerSocket server) {
    return URI.create("http://127.0.0.1:" + server.getLocalPort());
  }
}
