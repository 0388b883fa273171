package io.tallyman.bench.http;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.tallyman.schemas.job.JobId;
import io.tallyman.schemas.job.JobStatus;
import io.tallyman.schemas.job.JobView;
import io.tallyman.schemas.json.MalformedMessage;
import io.tallyman.schemas.json.MessageCodec;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse.BodyHandlers;
import java.time.Duration;

/** Submits jobs and waits for them, over HTTP/1.1 with connections kept alive. Thread-safe. */
public final class JobClient implements AutoCloseable {

  private static final Duration TIMEOUT = Duration.ofSeconds(60);

  private final HttpClient http =
      HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();
  private final HttpRequest run;
  private final String base;

  /**
   * A client.
   *
   * @param base such as {@code http://127.0.0.1:8080/v2/default}
   * @param body of every submission
   */
  public JobClient(String base, String body) {
    this.base = base;
    this.run =
        HttpRequest.newBuilder(URI.create(base + "/run"))
            .timeout(TIMEOUT)
            .header("Content-Type", "application/json")
            .POST(BodyPublishers.ofString(body))
            .build();
  }

  /** Submits one job; returns when it is accepted. */
  public JobId submit() throws IOException, InterruptedException {
    return send(run).id();
  }

  /** Waits until COMPLETED can be read over the API. */
  public void awaitCompleted(JobId job) throws IOException, InterruptedException {
    var view =
        send(
            HttpRequest.newBuilder(URI.create(base + "/status-sync/" + job + "?wait=60000"))
                .timeout(TIMEOUT.plusSeconds(5))
                .build());
    if (view.status() != JobStatus.COMPLETED) {
      throw new IOException("Expected job %s to be COMPLETED, but it is %s".formatted(job, view));
    }
  }

  @Override
  public void close() {
    http.shutdownNow();
  }

  private JobView send(HttpRequest request) throws IOException, InterruptedException {
    var response = http.send(request, BodyHandlers.ofByteArray());
    try {
      if (response.statusCode() == 200) {
        return MessageCodec.decode(JobView.class, response.body());
      }
    } catch (MalformedMessage e) {
      throw new IOException(e.getMessage(), e);
    }
    throw new IOException(
        "Expected 200, but got %d: %s"
            .formatted(response.statusCode(), new String(response.body(), UTF_8)));
  }
}
