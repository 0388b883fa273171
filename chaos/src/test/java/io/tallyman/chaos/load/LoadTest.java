package io.tallyman.chaos.load;

import static java.nio.charset.StandardCharsets.UTF_8;
import static java.util.stream.Collectors.groupingBy;
import static org.assertj.core.api.Assertions.assertThat;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import io.tallyman.chaos.cluster.Site;
import io.tallyman.chaos.history.ClientCall;
import io.tallyman.chaos.history.ClientCall.Outcome;
import io.tallyman.chaos.history.History;
import io.tallyman.chaos.history.HistoryWriter;
import io.tallyman.chaos.history.Run;
import io.tallyman.chaos.history.Ticker;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The load on an api that takes a job only when it hears of it for the second time. */
class LoadTest {

  private static final URI RECEIVER = URI.create("http://127.0.0.1:9");

  private static final int CLIENTS = 4;

  @TempDir Path folder;

  private final Set<String> heard = ConcurrentHashMap.newKeySet();
  private final Map<String, String> byKey = new ConcurrentHashMap<>();
  private final AtomicInteger ids = new AtomicInteger();
  private HttpServer api;

  @BeforeEach
  void serve() throws IOException {
    api = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    api.setExecutor(Executors.newVirtualThreadPerTaskExecutor());
    api.createContext("/v2/default/run", this::run);
    api.createContext(
        "/v2/default/", exchange -> answer(exchange, 200, "COMPLETED", path(exchange)));
    api.start();
  }

  @AfterEach
  void stop() {
    api.stop(0);
  }

  @Test
  void shouldRepeatWhatHasAKeyUntilItIsKnownAndNothingElse() {
    // when
    var history = play();

    // then
    var runs = history.calls().stream().filter(it -> it.operation().equals("run")).toList();
    var keyed = runs.stream().filter(it -> it.key() != null).toList();
    assertThat(keyed.stream().map(ClientCall::outcome)).contains(Outcome.INFO, Outcome.OK);
    var byItsKey = keyed.stream().collect(groupingBy(it -> String.valueOf(it.key()))).values();
    assertThat(byItsKey)
        .allMatch(its -> its.stream().map(ClientCall::request).distinct().count() == 1);
    assertThat(byItsKey.stream().filter(its -> its.getLast().outcome() != Outcome.OK))
        .as("cut short by the end, one of a client at the most")
        .hasSizeLessThanOrEqualTo(CLIENTS);
    var plain = runs.stream().filter(it -> it.key() == null).toList();
    assertThat(plain).isNotEmpty().allMatch(it -> it.outcome() == Outcome.INFO);
    assertThat(plain.stream().map(ClientCall::request).distinct()).hasSameSizeAs(plain);
  }

  @Test
  void shouldSubmitSomeTwiceAtTheSameTime() {
    var runs = play().calls().stream().filter(it -> it.operation().equals("run")).toList();

    assertThat(runs.stream().filter(it -> it.client().endsWith("-twin")))
        .isNotEmpty()
        .allMatch(
            twin ->
                runs.stream()
                    .anyMatch(
                        it ->
                            !it.client().equals(twin.client())
                                && String.valueOf(it.key()).equals(twin.key())));
  }

  @Test
  void shouldEndWithReadsAlone() {
    play().calls().stream()
        .collect(groupingBy(ClientCall::client))
        .forEach(
            (client, its) ->
                assertThat(its.subList(its.size() - 5, its.size()))
                    .as(client)
                    .allMatch(it -> it.operation().equals("status"))
                    .allMatch(it -> it.outcome() == Outcome.OK));
  }

  private History play() {
    try (var writer = new HistoryWriter(folder)) {
      var site =
          new Site(
              List.of(URI.create("http://127.0.0.1:" + api.getAddress().getPort())),
              "",
              "",
              folder,
              "",
              "",
              writer,
              new Ticker(Instant.EPOCH));
      var load = new Load(site, 3, new LoadPlan(RECEIVER, CLIENTS, 80, Duration.ofSeconds(2)));
      try (load) {
        load.start();
        await(() -> load.accepted() >= 60);
      }
      assertThat(load.accepted()).isEqualTo(ids.get());
    }
    HistoryWriter.writeRun(
        folder, new Run(3, "", 0, 0, 0, 0, 0, 0, 0, 0, "", List.of(), List.of(), List.of()));
    return History.read(folder);
  }

  private void run(HttpExchange exchange) throws IOException {
    var key = exchange.getRequestHeaders().getFirst("Idempotency-Key");
    var isKnown = key != null && !heard.add(key);
    answer(exchange, isKnown ? 200 : 503, "IN_QUEUE", isKnown ? id(key) : "none");
  }

  private String id(String key) {
    return byKey.computeIfAbsent(key, _ -> "job-" + ids.incrementAndGet());
  }

  private static String path(HttpExchange exchange) {
    return exchange.getRequestURI().getPath().replaceFirst(".*/", "");
  }

  private static void answer(HttpExchange exchange, int status, String state, String id)
      throws IOException {
    try (exchange) {
      exchange.getRequestBody().readAllBytes();
      var body = "{\"id\":\"%s\",\"status\":\"%s\"}".formatted(id, state).getBytes(UTF_8);
      exchange.sendResponseHeaders(status, body.length);
      exchange.getResponseBody().write(body);
    }
  }

  private static void await(BooleanSupplier condition) {
    var giveUp = System.nanoTime() + 20_000_000_000L;
    while (!condition.getAsBoolean()) {
      assertThat(System.nanoTime()).as("waited for too long").isLessThan(giveUp);
      Thread.onSpinWait();
    }
  }
}
