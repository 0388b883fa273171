package io.tallyman.chaos.cluster;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.tallyman.chaos.cluster.FaultProxy.Direction;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketException;
import java.net.SocketTimeoutException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(20)
class FaultProxyTest {

  private static final int SHORT_MILLIS = 300;

  private ServerSocket echo;
  private FaultProxy proxy;
  private Socket client;

  @BeforeEach
  void connect() throws IOException {
    var ports = new Ports(ProcessHandle.current().pid());
    echo = new ServerSocket(0, 10, InetAddress.getLoopbackAddress());
    Thread.ofVirtual().start(this::serve);
    proxy = new FaultProxy(ports.next(), echo.getLocalPort());
    client = new Socket(InetAddress.getLoopbackAddress(), proxy.port());
    client.setSoTimeout(10_000);
    assertThat(say("hello")).isEqualTo("hello");
  }

  @AfterEach
  void disconnect() throws IOException {
    client.close();
    proxy.close();
    echo.close();
  }

  @Test
  void shouldDeliverWhatAPartitionHeldBackWhenItHeals() throws IOException {
    // given
    proxy.add(Direction.UPSTREAM, new Toxic.Timeout());
    send("late");
    assertNothingComes();

    // when
    proxy.heal();

    // then
    assertThat(receive(4)).isEqualTo("late");
  }

  @Test
  void shouldLetOneWayThroughWhenOnlyTheOtherIsCut() throws IOException {
    // when
    proxy.add(Direction.DOWNSTREAM, new Toxic.Timeout());
    send("there");

    // then: the server has it, and its answer waits
    assertNothingComes();
    proxy.heal();
    assertThat(receive(5)).isEqualTo("there");
  }

  @Test
  void shouldResetOpenAndNewConnections() throws IOException {
    // when
    proxy.add(Direction.UPSTREAM, new Toxic.ResetPeer());

    // then
    assertThatThrownBy(() -> client.getInputStream().read()).isInstanceOf(SocketException.class);
    try (var second = new Socket(InetAddress.getLoopbackAddress(), proxy.port())) {
      assertThatThrownBy(
              () -> {
                var _ = second.getInputStream().read();
              })
          .isInstanceOf(SocketException.class);
    }

    // and when
    proxy.heal();
    client = new Socket(InetAddress.getLoopbackAddress(), proxy.port());

    // then
    assertThat(say("again")).isEqualTo("again");
  }

  @Test
  void shouldDelayEachWay() throws IOException {
    // when
    proxy.add(Direction.UPSTREAM, new Toxic.Latency(Duration.ofMillis(150)));
    proxy.add(Direction.DOWNSTREAM, new Toxic.Latency(Duration.ofMillis(150)));
    var begun = System.nanoTime();
    assertThat(say("slow")).isEqualTo("slow");

    // then
    assertThat(Duration.ofNanos(System.nanoTime() - begun)).isBetween(ms(300), ms(3_000));
  }

  @Test
  void shouldPassNoMoreThanTheBandwidth() throws IOException {
    // when: 20 kB at 50 kB/s
    proxy.add(Direction.DOWNSTREAM, new Toxic.Bandwidth(50_000));
    var begun = System.nanoTime();
    assertThat(say("x".repeat(20_000))).hasSize(20_000);

    // then
    assertThat(Duration.ofNanos(System.nanoTime() - begun)).isBetween(ms(390), ms(3_000));
  }

  @Test
  void shouldSliceWithoutLosingAByte() throws IOException {
    proxy.add(Direction.DOWNSTREAM, new Toxic.Slicer(3, Duration.ofMillis(1)));

    assertThat(say("all of it, in pieces")).isEqualTo("all of it, in pieces");
  }

  @Test
  void shouldEndInTheMiddleWhenTheLimitIsReached() throws IOException {
    // when
    proxy.add(Direction.DOWNSTREAM, new Toxic.LimitData("hello".length() + 3));
    send("goodbye");

    // then
    assertThat(receive(3)).isEqualTo("goo");
    assertThat(client.getInputStream().read()).isEqualTo(-1);
  }

  @Test
  void shouldPassTheEndOnLate() throws IOException {
    // given
    proxy.add(Direction.UPSTREAM, new Toxic.SlowClose(ms(200)));
    var begun = System.nanoTime();

    // when
    client.shutdownOutput();

    // then
    assertThat(client.getInputStream().read()).isEqualTo(-1);
    assertThat(Duration.ofNanos(System.nanoTime() - begun)).isBetween(ms(200), ms(3_000));
  }

  @Test
  void shouldRefuseWhenNobodyListensBehindIt() throws IOException {
    // when
    echo.close();

    // then
    try (var second = new Socket(InetAddress.getLoopbackAddress(), proxy.port())) {
      assertThatThrownBy(
              () -> {
                var _ = second.getInputStream().read();
              })
          .isInstanceOf(SocketException.class);
    }
  }

  private String say(String text) throws IOException {
    send(text);
    return receive(text.length());
  }

  private void send(String text) throws IOException {
    client.getOutputStream().write(text.getBytes(StandardCharsets.US_ASCII));
  }

  private String receive(int length) throws IOException {
    return new String(client.getInputStream().readNBytes(length), StandardCharsets.US_ASCII);
  }

  private void assertNothingComes() throws IOException {
    client.setSoTimeout(SHORT_MILLIS);
    assertThatThrownBy(() -> client.getInputStream().read())
        .isInstanceOf(SocketTimeoutException.class);
    client.setSoTimeout(10_000);
  }

  /** Says back what it hears, on any number of connections. */
  private void serve() {
    while (!echo.isClosed()) {
      try {
        var socket = echo.accept();
        Thread.ofVirtual()
            .start(
                () -> {
                  try (socket) {
                    socket.getInputStream().transferTo(socket.getOutputStream());
                  } catch (IOException _) {
                    // Reset, as some tests want it.
                  }
                });
      } catch (IOException _) {
        // Closed.
      }
    }
  }

  private static Duration ms(long millis) {
    return Duration.ofMillis(millis);
  }
}
