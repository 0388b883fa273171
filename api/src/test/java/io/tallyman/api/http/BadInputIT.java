package io.tallyman.api.http;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.tallyman.api.Api;
import io.tallyman.api.ApiSettings;
import io.tallyman.api.kafka.ProcessorStandIn;
import io.tallyman.embedded.EmbeddedKafka;
import io.tallyman.embedded.EmbeddedRedis;
import io.tallyman.runtime.CommonSettings;
import io.tallyman.runtime.endpoints.Endpoints;
import io.tallyman.runtime.kafka.TopicSetup;
import io.tallyman.runtime.net.AddressPolicy;
import io.tallyman.schemas.Topics;
import io.tallyman.schemas.json.MalformedMessage;
import io.tallyman.schemas.json.MessageCodec;
import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.net.SocketException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * What people and machines send by mistake or by malice, byte for byte, and the one kind of answer
 * they get: a problem document with the right status, and no record on {@code job-commands}.
 */
@Timeout(60)
class BadInputIT {

  private static final int IDLE_MS = 1_500;

  private static final String YAML =
      """
      endpoints:
        default:
          image: x
          command: [x]
          webhook: {namedSecrets: {customer-a: {secret: whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw}}}
      """;

  private static EmbeddedKafka kafka;
  private static EmbeddedRedis redis;
  private static ProcessorStandIn processor;
  private static Api api;

  @BeforeAll
  static void start(@TempDir Path folder) throws InterruptedException {
    kafka = EmbeddedKafka.start(folder.resolve("kafka"));
    redis = EmbeddedRedis.start(folder.resolve("redis"));
    var endpoints = Endpoints.parse("test.yaml", YAML.getBytes(UTF_8));
    TopicSetup.ensure(kafka.bootstrapServers(), Topics.all(endpoints.names()));
    processor = new ProcessorStandIn(kafka.bootstrapServers());
    api =
        Api.start(
            new ApiSettings(
                new CommonSettings(
                    kafka.bootstrapServers(),
                    redis.url(),
                    endpoints,
                    folder.resolve("api"),
                    AddressPolicy.allowing("10.1.0.0/16")),
                "127.0.0.1",
                0,
                Optional.empty(),
                Duration.ofMillis(IDLE_MS)));
    try (var client = new Client(api.port())) {
      Await.until("the api is ready", () -> client.get("/readyz").status() == 200);
    }
  }

  @AfterAll
  static void stop() {
    api.close();
    processor.close();
    redis.close();
    kafka.close();
  }

  @ParameterizedTest
  @MethodSource("io.tallyman.api.http.BadInputs#refused")
  void shouldRefuse(byte[] request, int status, String code, String pointer) throws Exception {
    // given
    var before = processor.countCommands(kafka.bootstrapServers());

    // when
    var answer = exchange(request);

    // then
    assertThat(answer.statusLine()).startsWith("HTTP/1.1 " + status + " ");
    assertThat(answer.headers().toLowerCase(java.util.Locale.ROOT))
        .contains("content-type: application/problem+json\r\n")
        .doesNotContain("\nserver:");
    if (status == 405) {
      assertThat(answer.headers()).contains("Allow: ");
    }
    var problem = answer.problem();
    assertThat(problem.status()).isEqualTo(status);
    assertThat(problem.type()).startsWith(Problem.TYPE_PREFIX).endsWith(code);
    assertThat(problem.error()).isNotBlank().isEqualTo(problem.detail());
    assertThat(problem.detail()).startsWith("Expected ").doesNotContain("Exception", "\tat ");
    assertThat(problem.instance()).startsWith("/");
    if (!pointer.isEmpty()) {
      assertThat(problem.errors().orElseThrow())
          .extracting(Problem.Place::pointer)
          .containsExactly(pointer);
    }
    assertThat(processor.countCommands(kafka.bootstrapServers())).isEqualTo(before);
  }

  @ParameterizedTest
  @MethodSource("io.tallyman.api.http.BadInputs#taken")
  void shouldTake(byte[] request, int status, String code, String pointer) throws Exception {
    var answer = exchange(request);

    assertThat(answer.statusLine()).startsWith("HTTP/1.1 200 ");
    assertThat(answer.headers()).contains("Content-Type: application/json\r\n");
  }

  @ParameterizedTest
  @MethodSource("io.tallyman.api.http.BadInputs#options")
  void shouldTellTheMethods(String path, String allow) throws Exception {
    var answer = exchange(BadInputs.head("OPTIONS " + path + " HTTP/1.1").getBytes(UTF_8));

    assertThat(answer.statusLine()).startsWith("HTTP/1.1 204 ");
    assertThat(answer.headers()).contains("Allow: " + allow + "\r\n");
  }

  private record RawAnswer(String statusLine, String headers, String body) {
    Problem problem() throws MalformedMessage {
      return MessageCodec.decode(Problem.class, body.getBytes(UTF_8));
    }
  }

  private static RawAnswer exchange(byte[] request) throws IOException {
    try (var socket = new Socket(InetAddress.getLoopbackAddress(), api.port())) {
      socket.setSoTimeout(10_000);
      socket.getOutputStream().write(request);
      socket.getOutputStream().flush();
      var text = new String(readAll(socket), UTF_8);
      var end = text.indexOf("\r\n\r\n");
      assertThat(end).as("an answer with headers, got: %s", text).isPositive();
      var line = text.indexOf("\r\n");
      return new RawAnswer(
          text.substring(0, line), text.substring(line + 2, end + 2), text.substring(end + 4));
    }
  }

  private static byte[] readAll(Socket socket) throws IOException {
    var out = new java.io.ByteArrayOutputStream();
    var buffer = new byte[8_192];
    try {
      for (int read = 0; read >= 0; read = socket.getInputStream().read(buffer)) {
        out.write(buffer, 0, read);
      }
    } catch (SocketException e) {
      // Reset after the answer: the rest of the request was not wanted.
    }
    return out.toByteArray();
  }
}
