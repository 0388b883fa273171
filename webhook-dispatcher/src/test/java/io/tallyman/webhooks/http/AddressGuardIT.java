package io.tallyman.webhooks.http;

import static org.assertj.core.api.Assertions.assertThat;

import io.tallyman.runtime.endpoints.Endpoint.Success;
import io.tallyman.runtime.net.AddressPolicy;
import io.tallyman.runtime.net.VettedResolver;
import io.tallyman.runtime.net.VettedResolver.Lookup;
import io.tallyman.schemas.job.RawJson;
import io.tallyman.webhooks.delivery.Outcome;
import io.tallyman.webhooks.delivery.Outcome.Kind;
import io.tallyman.webhooks.delivery.Sender.Request;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.net.UnknownHostException;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Where a request may go, with name servers that a receiver controls. */
@Timeout(30)
class AddressGuardIT {

  private static final Duration DEADLINE = Duration.ofSeconds(10);

  /** Stands for an address that may be asked, with the receiver behind it. */
  private static final InetAddress ALLOWED = InetAddress.ofLiteral("127.0.0.1");

  private static final AddressPolicy POLICY = AddressPolicy.allowing("127.0.0.1");

  private final ScheduledThreadPoolExecutor timer = new ScheduledThreadPoolExecutor(1);

  @AfterEach
  void stop() {
    timer.shutdownNow();
  }

  @Test
  void shouldRefuseANameThatMovedToLoopback() throws Exception {
    // given: the first answer is fine, and the receiver does not keep its connection
    var calls = new AtomicInteger();
    try (var receiver =
            RawReceiver.answering(
                "HTTP/1.1 200 OK", "Content-Length: 0", "Connection: close", "", "");
        var client =
            client(
                _ ->
                    new InetAddress[] {
                      calls.getAndIncrement() < 2 ? ALLOWED : InetAddress.ofLiteral("127.0.0.2")
                    })) {
      var url = URI.create("http://moves.test:%d/".formatted(receiver.url().getPort()));
      assertThat(post(client, url).kind()).isEqualTo(Kind.DELIVERED);

      // when
      var second = post(client, url);

      // then: refused, never retried, and the address is told to nobody
      assertThat(second.kind()).isEqualTo(Kind.BLOCKED_ADDRESS);
      assertThat(second.isWorthRetrying()).isFalse();
      assertThat(second.detail()).doesNotContain("127.0.0.2");
      assertThat(receiver.connections()).isEqualTo(1);
    }
  }

  @Test
  void shouldRefuseANameThatMovesBetweenTheLookAndTheConnection() throws Exception {
    var calls = new AtomicInteger();
    try (var receiver = RawReceiver.answering("HTTP/1.1 200 OK", "Content-Length: 0", "", "");
        var client =
            client(
                _ ->
                    new InetAddress[] {
                      calls.getAndIncrement() == 0 ? ALLOWED : InetAddress.ofLiteral("10.0.0.1")
                    })) {
      var url = URI.create("http://moves.test:%d/".formatted(receiver.url().getPort()));

      assertThat(post(client, url).kind()).isEqualTo(Kind.BLOCKED_ADDRESS);
      assertThat(receiver.connections()).isZero();
    }
  }

  @Test
  void shouldRefuseAKeptConnectionWhenItsNameMoved() throws Exception {
    var calls = new AtomicInteger();
    try (var receiver = RawReceiver.answering("HTTP/1.1 200 OK", "Content-Length: 0", "", "");
        var client =
            client(
                _ ->
                    new InetAddress[] {
                      calls.getAndIncrement() < 2 ? ALLOWED : InetAddress.ofLiteral("10.0.0.1")
                    })) {
      var url = URI.create("http://moves.test:%d/".formatted(receiver.url().getPort()));
      assertThat(post(client, url).kind()).isEqualTo(Kind.DELIVERED);

      assertThat(post(client, url).kind()).isEqualTo(Kind.BLOCKED_ADDRESS);
      assertThat(receiver.requests()).isEqualTo(1);
    }
  }

  @Test
  void shouldRefuseAMixedAnswerWhole() throws Exception {
    try (var receiver = RawReceiver.answering("HTTP/1.1 200 OK", "Content-Length: 0", "", "");
        var client = client(_ -> new InetAddress[] {ALLOWED, InetAddress.ofLiteral("10.0.0.1")})) {
      var url = URI.create("http://mixed.test:%d/".formatted(receiver.url().getPort()));

      assertThat(post(client, url).kind()).isEqualTo(Kind.BLOCKED_ADDRESS);
      assertThat(receiver.connections()).isZero();
    }
  }

  @Test
  void shouldConnectToNothingElseWhenALiteralIsAsked() {
    try (var client =
        new WebhookClient("Tallyman/test", 10, new VettedResolver(AddressPolicy.PUBLIC), timer)) {
      for (var host : new String[] {"127.0.0.1", "[::1]", "10.0.0.1", "169.254.169.254"}) {
        assertThat(post(client, URI.create("http://%s/".formatted(host))).kind())
            .as(host)
            .isEqualTo(Kind.INVALID_URL);
      }
    }
  }

  @Test
  void shouldTryEveryAddressWithinTheDeadline() throws Exception {
    // given: nineteen addresses at which nobody listens on that port
    var answer =
        Stream.concat(
                IntStream.rangeClosed(2, 20).mapToObj(i -> InetAddress.ofLiteral("127.0.1." + i)),
                Stream.of(ALLOWED))
            .toArray(InetAddress[]::new);
    try (var receiver = RawReceiver.answering("HTTP/1.1 200 OK", "Content-Length: 0", "", "");
        var client =
            new WebhookClient(
                "Tallyman/test",
                10,
                new VettedResolver(
                    AddressPolicy.allowing("127.0.0.0/8"), _ -> answer, DEADLINE, DEADLINE),
                timer)) {
      var url = URI.create("http://many.test:%d/".formatted(receiver.url().getPort()));

      assertThat(post(client, url).kind()).isEqualTo(Kind.DELIVERED);
    }
  }

  @Test
  void shouldEndInTimeWhenTheNameServerIsSilent() throws Exception {
    var closed = new CountDownLatch(1);
    try (var client =
        new WebhookClient(
            "Tallyman/test",
            10,
            new VettedResolver(
                POLICY,
                _ -> {
                  try {
                    closed.await();
                  } catch (InterruptedException e) {
                    Thread.currentThread().interrupt();
                  }
                  return new InetAddress[] {ALLOWED};
                },
                Duration.ofMillis(300),
                DEADLINE),
            timer)) {
      var start = System.nanoTime();

      var outcome = post(client, URI.create("http://silent.test/"));

      assertThat(outcome.kind()).isEqualTo(Kind.DNS);
      assertThat(outcome.isWorthRetrying()).isTrue();
      assertThat(Duration.ofNanos(System.nanoTime() - start))
          .isBetween(Duration.ofMillis(300), Duration.ofSeconds(3));
    } finally {
      closed.countDown();
    }
  }

  /** The JDK has one exception for both, and the words of the machine's resolver in it. */
  @ParameterizedTest
  @ValueSource(strings = {"Name or service not known", "Temporary failure in name resolution"})
  void shouldTellWhatTheResolverSaid(String words) {
    try (var client =
        client(
            host -> {
              throw new UnknownHostException(host + ": " + words);
            })) {
      var outcome = post(client, URI.create("http://nowhere.test/"));

      assertThat(outcome.kind()).isEqualTo(Kind.DNS);
      assertThat(outcome.isWorthRetrying()).isTrue();
      assertThat(outcome.detail()).contains("nowhere.test", words);
    }
  }

  @Test
  void shouldLeaveALocalListenerAloneWhateverTheNotation() throws Exception {
    try (var server = new ServerSocket(0, 5, ALLOWED);
        var client =
            new WebhookClient(
                "Tallyman/test", 10, new VettedResolver(AddressPolicy.PUBLIC), timer)) {
      server.setSoTimeout(300);
      for (var host : new String[] {"127.0.0.1", "localhost", "[::ffff:127.0.0.1]", "127.0.0.1."}) {
        var url = URI.create("http://%s:%d/".formatted(host, server.getLocalPort()));
        assertThat(post(client, url).kind()).as(host).isEqualTo(Kind.INVALID_URL);
      }
      assertThat(org.assertj.core.api.Assertions.catchThrowable(server::accept))
          .isInstanceOf(java.net.SocketTimeoutException.class);
    }
  }

  private WebhookClient client(Lookup lookup) {
    return new WebhookClient(
        "Tallyman/test",
        10,
        new VettedResolver(POLICY, lookup, Duration.ofSeconds(3), Duration.ZERO),
        timer);
  }

  private static Outcome post(WebhookClient client, URI url) {
    return client
        .prepare(new Request(url, Map.of(), RawJson.of("{}"), DEADLINE, Success.ONLY_200))
        .run();
  }
}
