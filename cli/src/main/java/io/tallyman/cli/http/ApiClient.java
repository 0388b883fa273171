package io.tallyman.cli.http;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.tallyman.schemas.job.JobId;
import io.tallyman.schemas.job.JobView;
import io.tallyman.schemas.job.RawJson;
import io.tallyman.schemas.json.MalformedMessage;
import io.tallyman.schemas.json.MessageCodec;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse.BodyHandlers;
import java.time.Duration;
import java.util.List;

/** Calls the API of a running Tallyman, as any HTTP client would. */
public final class ApiClient implements AutoCloseable {

  private static final Duration TIMEOUT = Duration.ofSeconds(20);

  private final HttpClient http = HttpClient.newBuilder().connectTimeout(TIMEOUT).build();
  private final String base;

  /**
   * A client.
   *
   * @param base such as {@code http://127.0.0.1:8080/v2/default}
   */
  public ApiClient(String base) {
    this.base = base;
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
    var body = get("/history/" + job);
    try {
      return MessageCodec.decode(History.class, body).events().stream()
          .map(entry -> entry.event().toString())
          .toList();
    } catch (MalformedMessage e) {
      throw unexpected(body, e);
    }
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
    var response = http.send(request.timeout(TIMEOUT).build(), BodyHandlers.ofByteArray());
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

  private static JobView view(byte[] body) throws IOException {
    try {
      return MessageCodec.decode(JobView.class, body);
    } catch (MalformedMessage e) {
      throw unexpected(body, e);
    }
  }

  private static IOException unexpected(byte[] body, MalformedMessage e) {
    return new IOException(e.getMessage() + ": " + new String(body, UTF_8), e);
  }

  private record History(List<Entry> events) {
    private record Entry(RawJson event) {}
  }
}
