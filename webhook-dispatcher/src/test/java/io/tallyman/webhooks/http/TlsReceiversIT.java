package io.tallyman.webhooks.http;

import static org.assertj.core.api.Assertions.assertThat;

import io.tallyman.runtime.endpoints.Endpoint.Success;
import io.tallyman.runtime.net.AddressPolicy;
import io.tallyman.runtime.net.VettedResolver;
import io.tallyman.schemas.job.RawJson;
import io.tallyman.webhooks.delivery.Outcome;
import io.tallyman.webhooks.delivery.Outcome.Kind;
import io.tallyman.webhooks.delivery.Sender.Request;
import java.io.IOException;
import java.net.InetAddress;
import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HexFormat;
import java.util.Map;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import javax.net.ssl.SSLContext;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * The client against receivers whose certificate, or TLS, is not what it should be. Names lead to
 * loopback by a resolver of the test, so the client connects to a pinned address, as always.
 */
@Timeout(60)
class TlsReceiversIT {

  private static final Duration DEADLINE = Duration.ofSeconds(30);
  private static final InetAddress LOOPBACK = InetAddress.ofLiteral("127.0.0.1");

  @TempDir private static Path folder;

  @SuppressWarnings("NullAway.Init") // By make.
  private static Certificates certificates;

  private final ScheduledThreadPoolExecutor timer = new ScheduledThreadPoolExecutor(1);

  @SuppressWarnings("NullAway.Init") // By open.
  private WebhookClient client;

  @BeforeAll
  static void make() throws Exception {
    certificates = new Certificates(folder);
    certificates.authority("authority");
    certificates.authority("intermediate", "-signer", "authority");
    certificates.host("a", "a.test", "-signer", "authority");
    certificates.host("b", "b.test", "-signer", "authority");
    certificates.host(
        "expired", "a.test", "-signer", "authority", "-startdate", "-3d", "-validity", "1");
    certificates.host("early", "a.test", "-signer", "authority", "-startdate", "+3d");
    certificates.host("below", "a.test", "-signer", "intermediate");
    certificates.host("self", "a.test");
  }

  @BeforeEach
  void open() throws Exception {
    client =
        new WebhookClient(
            "Tallyman/test",
            10,
            new VettedResolver(
                AddressPolicy.allowing("127.0.0.1"),
                _ -> new InetAddress[] {LOOPBACK},
                DEADLINE,
                Duration.ZERO),
            timer,
            certificates.trusting("authority"));
  }

  @AfterEach
  void close() {
    client.close();
    timer.shutdownNow();
  }

  /** Its certificate depends on the name that is asked for, and the address has none. */
  @Test
  void shouldAskAPinnedAddressByItsName() throws Exception {
    try (var receiver = receiver(certificates.showing("a", "b"))) {
      assertThat(post(receiver, "a.test").kind()).isEqualTo(Kind.DELIVERED);
      assertThat(post(receiver, "b.test").kind()).isEqualTo(Kind.DELIVERED);
      assertThat(receiver.connections()).isEqualTo(2);
    }
  }

  @Test
  void shouldTakeACertificateWithAllThatVouchForIt() throws Exception {
    try (var receiver = receiver(certificates.showing("below"))) {
      assertThat(post(receiver, "a.test").kind()).isEqualTo(Kind.DELIVERED);
    }
  }

  @ParameterizedTest
  @CsvSource({
    "expired, a.test, certificate_expired",
    "early, a.test, validity check failed",
    "self, a.test, unable to find valid certification path",
    "a, wrong.test, wrong.test",
  })
  void shouldSendNothingWhenTheCertificateIsNotToBeTrusted(String alias, String host, String why)
      throws Exception {
    try (var receiver = receiver(certificates.showing(alias))) {
      assertRefused(receiver, host, why);
    }
  }

  @Test
  void shouldSendNothingWhenAnIntermediateIsMissing() throws Exception {
    try (var receiver = receiver(certificates.showingAlone("below"))) {
      assertRefused(receiver, "a.test", "unable to find valid certification path");
    }
  }

  /** The JDK serves no such thing any more: a server's first words, byte by byte. */
  @Test
  void shouldSendNothingWhenTheReceiverKnowsButTls10() throws Exception {
    // given: a ServerHello of version 3.1
    var hello = "0301" + "5a".repeat(32) + "00" + "c013" + "00";
    var message = "02" + "000026" + hello;
    var record = HexFormat.of().parseHex("160301" + "002a" + message);
    try (var receiver =
        new RawReceiver(
            connection -> {
              connection.write(record);
              connection.hang();
            })) {
      assertRefused(receiver, "a.test", "TLS10");
    }
  }

  private void assertRefused(RawReceiver receiver, String host, String why) {
    // when
    var outcome = post(receiver, host);

    // then
    assertThat(outcome.kind()).as(outcome.detail()).isEqualTo(Kind.TLS);
    assertThat(outcome.isWorthRetrying()).isTrue();
    assertThat(outcome.detail()).contains(why);
    assertThat(receiver.requests()).isZero();
    assertThat(receiver.connections()).isEqualTo(1);
  }

  private static RawReceiver receiver(SSLContext tls) throws IOException {
    return new RawReceiver(
        tls.getServerSocketFactory(),
        connection -> {
          while (connection.readRequest()) {
            connection.write("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
          }
        });
  }

  private Outcome post(RawReceiver receiver, String host) {
    var url = URI.create("https://%s:%d/hook".formatted(host, receiver.port()));
    return client
        .prepare(new Request(url, Map.of(), RawJson.of("{}"), DEADLINE, Success.ONLY_200))
        .run();
  }
}
