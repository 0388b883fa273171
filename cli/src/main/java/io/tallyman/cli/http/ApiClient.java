package io.tallyman.cli.http;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.tallyman.schemas.job.JobId;
import io.tallyman.schemas.job.JobView;
import io.tallyman.schemas.job.RawJson;
import io.tallyman.schemas.job.WebhookAttempt;
import io.tallyman.schemas.job.WebhookRedelivery;
import io.tallyman.schemas.json.MalformedMessage;
import io.tallyman.schemas.json.MessageCodec;
import java.io.IOException;
import java.net.ConnectException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.net.http.HttpTimeoutException;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;

/** Calls the API of a running Tallyman, as any HTTP client would. */
public final class ApiClient implements AutoCloseable {

  private static final Duration TIMEOUT = Duration.ofSeconds(20);

  private final HttpClient http = HttpClient.newBuilder().connectTimeout(TIMEOUT).build();
  private final String base;
  private final Optional<String> key;

  /**
   * A client without an API key.
   *
   * @param base such as {@code http://127.0.0.1:8080/v2/default}
   */
  public ApiClient(String base) {
    this(base, Optional.empty());
  }

  /** A client with an API key, if there is one. */
  public ApiClient(String base, Optional<String> key) {
    this.base = base;
    this.key = key;
  }

  /** {@code GET /webhooks/{id}}: every request of a job's webhook, oldest first. */
  public List<WebhookAttempt> attempts(JobId job) throws IOException, InterruptedException {
    return decode(Attempts.class, get("/webhooks/" + job)).attempts();
  }

  /** {@code GET /webhooks}: what was given up since then. */
  public Failed failed(Instant since) throws IOException, InterruptedException {
    return decode(Failed.class, get("/webhooks?since=" + since));
  }

  /**
   * {@code POST /webhooks/{id}/redeliver}.
   *
   * @param sequence of the event; empty: the newest
   */
  public Ordered redeliver(JobId job, OptionalLong sequence)
      throws IOException, InterruptedException {
    var query = sequence.isPresent() ? "?sequence=" + sequence.getAsLong() : "";
    return decode(Ordered.class, post("/webhooks/" + job + "/redeliver" + query, ""));
  }

  /** {@code POST /webhooks/redeliver}: one round of it. */
  public Ordered redeliverFailed(Instant since) throws IOException, InterruptedException {
    return decode(Ordered.class, post("/webhooks/redeliver?since=" + since, ""));
  }

  /** {@code POST /run}. */
  public JobView run(String body) throws IOException, InterruptedException {
    return view(post("/run", body));
  }

  /** {@code GET /status/{id}}. */
  public JobView status(JobId job) throws IOException, InterruptedException {
    return view(get("/status/" + job));
  }

  /** {@code POST /cancel/{id}}. */
  public JobView cancel(JobId job) throws IOException, InterruptedException {
    return view(post("/cancel/" + job, ""));
  }

  /** {@code GET /history/{id}}: the job's events as JSON texts, oldest first. */
  public List<String> history(JobId job) throws IOException, InterruptedException {
    return decode(History.class, get("/history/" + job)).events().stream()
        .map(entry -> entry.event().toString())
        .toList();
  }

  @Override
  public void close() {
    http.shutdownNow();
  }

  private byte[] get(String path) throws IOException, InterruptedException {
    return send(HttpRequest.newBuilder(URI.create(base + path)).GET());
  }

  private byte[] post(String path, String body) throws IOException, InterruptedException {
    return send(
        HttpRequest.newBuilder(URI.create(base + path))
            .header("Content-Type", "application/json")
            .POST(BodyPublishers.ofString(body)));
  }

  private byte[] send(HttpRequest.Builder request) throws IOException, InterruptedException {
    key.ifPresent(it -> request.header("Authorization", "Bearer " + it));
    var response = answer(request.timeout(TIMEOUT).build());
    if (response.statusCode() != 200) {
      throw new IOException(
          "Expected 200 of %s, but got %d: %s"
              .formatted(
                  response.uri().getPath(),
                  response.statusCode(),
                  new String(response.body(), UTF_8)));
    }
    return response.body();
  }

  private HttpResponse<byte[]> answer(HttpRequest request)
      throws IOException, InterruptedException {
    try {
      return http.send(request, BodyHandlers.ofByteArray());
    } catch (ConnectException | HttpTimeoutException e) {
      // The JDK's exception has no message when the connection is refused.
      throw new IOException(
          "Expected an API at %s, but nobody answers there: start one (./tally dev), or say where it is (--url)"
              .formatted(base),
          e);
    }
  }

  private static JobView view(byte[] body) throws IOException {
    return decode(JobView.class, body);
  }

  private static <T> T decode(Class<T> type, byte[] body) throws IOException {
    try {
      return MessageCodec.decode(type, body);
    } catch (MalformedMessage e) {
      throw new IOException(e.getMessage() + ": " + new String(body, UTF_8), e);
    }
  }

  /** The last attempt of each delivery that was given up; there may be more. */
  public record Failed(List<WebhookAttempt> failed, boolean isComplete) {}

  /** Receivers that will be told again; there may be more to order. */
  public record Ordered(List<WebhookRedelivery> ordered, boolean isComplete) {}

  private record Attempts(List<WebhookAttempt> attempts) {}

  private record History(List<Entry> events) {
    private record Entry(RawJson event) {}
  }
}
