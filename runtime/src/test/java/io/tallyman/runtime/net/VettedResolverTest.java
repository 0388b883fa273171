package io.tallyman.runtime.net;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.tallyman.runtime.net.VettedResolver.Lookup;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@Timeout(30)
class VettedResolverTest {

  private static final Duration LIMIT = Duration.ofSeconds(5);
  private static final InetAddress GOOD = InetAddress.ofLiteral("93.184.215.14");

  private final CountDownLatch closed = new CountDownLatch(1);

  @AfterEach
  void close() {
    closed.countDown();
  }

  @Test
  void shouldPassPublicAddressesOnInTheirOrder() throws Exception {
    try (var resolver =
        resolver(_ -> addresses("93.184.215.14", "2600::1", "1.1.1.1"), Duration.ZERO)) {
      assertThat(resolver.resolve("a.test"))
          .containsExactly(addresses("93.184.215.14", "2600::1", "1.1.1.1"));
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"10.0.0.1", "127.0.0.1", "::1", "169.254.169.254", "fd00:ec2::254", "::127.0.0.1"})
  void shouldRefuseAMixedAnswerWhole(String inside) {
    for (var answer :
        new InetAddress[][] {
          addresses("93.184.215.14", inside), addresses(inside, "93.184.215.14"), addresses(inside)
        }) {
      try (var resolver = resolver(_ -> answer, Duration.ZERO)) {
        assertThatThrownBy(() -> resolver.resolve("a.test"))
            .isInstanceOf(BlockedAddress.class)
            .hasMessageContaining("a.test leads to");
      }
    }
  }

  @Test
  void shouldVetAddressesBeyondThoseThatAreTried() throws Exception {
    var many =
        IntStream.rangeClosed(1, 500)
            .mapToObj(i -> InetAddress.ofLiteral("1.1.%d.%d".formatted(i / 250, i % 250)))
            .toArray(InetAddress[]::new);
    try (var resolver = resolver(_ -> many, Duration.ZERO)) {
      assertThat(resolver.resolve("a.test")).hasSize(20);
      many[499] = InetAddress.ofLiteral("10.0.0.1");
      assertThatThrownBy(() -> resolver.resolve("a.test")).isInstanceOf(BlockedAddress.class);
    }
  }

  @Test
  void shouldSeeThatANameMoved() throws Exception {
    var calls = new AtomicInteger();
    try (var resolver =
        resolver(
            _ -> addresses(calls.getAndIncrement() == 0 ? "93.184.215.14" : "127.0.0.1"),
            Duration.ZERO)) {
      assertThat(resolver.resolve("a.test")).containsExactly(GOOD);
      assertThatThrownBy(() -> resolver.resolve("a.test")).isInstanceOf(BlockedAddress.class);
    }
  }

  @Test
  void shouldKeepAnAnswerForAWhile() throws Exception {
    var calls = new AtomicInteger();
    try (var resolver =
        resolver(
            _ -> {
              calls.incrementAndGet();
              return new InetAddress[] {GOOD};
            },
            Duration.ofHours(1))) {
      resolver.resolve("a.test");
      resolver.resolve("A.test");
      assertThat(calls).hasValue(1);
      resolver.resolve("b.test");
      assertThat(calls).hasValue(2);
    }
  }

  @Test
  void shouldAllowTheNamesAndBlocksOfTheOperator() {
    var policy = AddressPolicy.allowing("hooks.internal,192.168.7.0/24");
    var answers =
        Map.of("hooks.internal", "10.0.0.1", "a.test", "192.168.7.9", "b.test", "10.0.0.1");
    try (var resolver =
        new VettedResolver(
            policy, host -> addresses(answers.getOrDefault(host, "")), LIMIT, Duration.ZERO)) {
      assertThatCode(() -> resolver.resolve("HOOKS.internal")).doesNotThrowAnyException();
      assertThatCode(() -> resolver.resolve("a.test")).doesNotThrowAnyException();
      assertThatThrownBy(() -> resolver.resolve("b.test")).isInstanceOf(BlockedAddress.class);
    }
  }

  @Test
  void shouldVetLiteralsAsWell() {
    try (var resolver = new VettedResolver(AddressPolicy.PUBLIC)) {
      for (var host : new String[] {"127.0.0.1", "2130706433", "::1", "[::1]", "localhost"}) {
        assertThatThrownBy(() -> resolver.resolve(host)).isInstanceOf(UnknownHostException.class);
      }
    }
  }

  @Test
  void shouldNotWaitForANameServerThatHangs() throws Exception {
    // given: as many hanging names as there are threads but one
    Lookup lookup =
        host -> {
          if (host.startsWith("hang")) {
            await(closed);
          }
          return new InetAddress[] {GOOD};
        };
    try (var resolver =
            new VettedResolver(
                AddressPolicy.PUBLIC, lookup, Duration.ofMillis(200), Duration.ZERO);
        var callers = Executors.newVirtualThreadPerTaskExecutor()) {
      var hanging = new ArrayList<Future<?>>();
      for (var i = 0; i < 31; i++) {
        var host = "hang-%d.test".formatted(i);
        // Ten callers of one name take one thread.
        for (var j = 0; j < 10; j++) {
          hanging.add(callers.submit(() -> resolver.resolve(host)));
        }
      }

      // when, then
      for (var one : hanging) {
        assertThatThrownBy(one::get)
            .hasCauseInstanceOf(UnknownHostException.class)
            .hasMessageContaining("within 200 ms");
      }
      assertThat(resolver.resolve("healthy.test")).containsExactly(GOOD);
      assertThatThrownBy(() -> resolver.resolve("hang-0.test", Duration.ofMillis(1)))
          .hasMessageContaining("within 1 ms");
    }
  }

  @Test
  void shouldTellThatANameHasNoAddress() {
    try (var resolver =
        resolver(
            host -> {
              throw new UnknownHostException(host + ": Name or service not known");
            },
            Duration.ZERO)) {
      assertThatThrownBy(() -> resolver.resolve("a.test"))
          .isInstanceOf(UnknownHostException.class)
          .isNotInstanceOf(BlockedAddress.class)
          .hasMessage("a.test has no address (a.test: Name or service not known)");
    }
  }

  private static VettedResolver resolver(Lookup lookup, Duration ttl) {
    return new VettedResolver(AddressPolicy.PUBLIC, lookup, LIMIT, ttl);
  }

  private static InetAddress[] addresses(String... literals) {
    return java.util.Arrays.stream(literals)
        .map(InetAddress::ofLiteral)
        .toArray(InetAddress[]::new);
  }

  private static void await(CountDownLatch latch) {
    try {
      latch.await();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
