package io.tallyman.runner.attempt;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.sun.net.httpserver.HttpServer;
import io.tallyman.runtime.endpoints.Endpoint;
import io.tallyman.runtime.endpoints.Endpoint.Limits;
import io.tallyman.runtime.endpoints.Endpoints;
import io.tallyman.schemas.job.EndpointName;
import io.tallyman.schemas.job.JobId;
import io.tallyman.schemas.job.RawJson;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.io.TempDir;

/** A runtime under test, an attempt to give it, and what is seen of that. */
public abstract class RuntimeFixture {

  protected static final RawJson INPUT = RawJson.of("{\"prompt\": \"a cat\",\"n\":1e2}");

  private static final Endpoint DEFAULT =
      Endpoints.builtIn().named(EndpointName.DEFAULT).orElseThrow();

  protected final RecordedOutput output = new RecordedOutput();
  protected final StopSignal stop = new StopSignal();

  @TempDir protected Path root;

  /** The runtime under test, with its folders under {@link #root}. */
  protected abstract AttemptRuntime runtime();

  /** Fails when anything of the attempt still runs or lies around. */
  protected abstract void assertNothingIsLeft(AttemptId id);

  /** Runs {@code sh -c script} on {@link #INPUT}. */
  protected final Outcome run(String script) throws InterruptedException {
    var attempt = attempt(endpoint(script), INPUT);
    var outcome = runtime().run(attempt, output, stop);
    assertNothingIsLeft(attempt.id());
    return outcome;
  }

  /** Runs it on another thread. */
  protected final Future<Outcome> start(Attempt attempt) {
    var executor = Executors.newSingleThreadExecutor();
    try {
      return executor.submit(() -> runtime().run(attempt, output, stop));
    } finally {
      executor.shutdown();
    }
  }

  /** Attempt 7 of a new job. */
  protected static Attempt attempt(Endpoint endpoint, RawJson input) {
    return new Attempt(
        new AttemptId(new JobId("it-" + UUID.randomUUID()), 7),
        endpoint,
        input,
        Instant.now().plus(Duration.ofMinutes(5)),
        Duration.ofSeconds(30));
  }

  /** {@code sh -c script}. */
  protected static Endpoint endpoint(String script) {
    return endpoint(List.of("sh", "-c", script));
  }

  /** Small limits, and {@code GREETING} in the environment. */
  protected static Endpoint endpoint(List<String> command) {
    return new Endpoint(
        EndpointName.DEFAULT,
        DEFAULT.image(),
        command,
        Map.of("GREETING", "hello there"),
        new Limits(64L << 20, 1, 64, 8L << 20, 2_000, 10_000, false),
        DEFAULT.webhook());
  }

  /** Serves and takes files. */
  protected static final class FileHost implements AutoCloseable {
    final Map<String, String> content = new ConcurrentHashMap<>();
    final Map<String, String> types = new ConcurrentHashMap<>();
    private final HttpServer server;

    FileHost() throws IOException {
      server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
      server.createContext(
          "/",
          exchange -> {
            try (exchange) {
              var path = exchange.getRequestURI().getPath();
              if (exchange.getRequestMethod().equals("PUT")) {
                content.put(path, new String(exchange.getRequestBody().readAllBytes(), UTF_8));
                types.put(path, exchange.getRequestHeaders().getFirst("Content-Type"));
                exchange.sendResponseHeaders(200, -1);
              } else {
                var body = content.getOrDefault(path, "").getBytes(UTF_8);
                exchange.sendResponseHeaders(
                    body.length == 0 ? 404 : 200, body.length == 0 ? -1 : body.length);
                exchange.getResponseBody().write(body);
              }
            }
          });
      server.start();
    }

    String url() {
      return "http://127.0.0.1:" + server.getAddress().getPort();
    }

    @Override
    public void close() {
      server.stop(0);
    }
  }
}
