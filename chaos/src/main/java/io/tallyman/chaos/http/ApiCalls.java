package io.tallyman.chaos.http;

import io.tallyman.chaos.history.ClientCall;
import io.tallyman.chaos.history.ClientCall.Outcome;
import io.tallyman.chaos.history.Ticker;
import java.io.IOException;
import java.net.ConnectException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpConnectTimeoutException;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse.BodyHandlers;
import java.time.Duration;
import java.util.List;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Calls to the apis of one cluster, each recorded when it ended. Thread-safe.
 *
 * <p>The JDK's client repeats a {@code GET} whose kept connection turns out to be closed, and any
 * request whose connection was not made; never a {@code POST} that it sent. So one call has at most
 * one effect.
 */
public final class ApiCalls implements AutoCloseable {

  private final HttpClient http;
  private final List<URI> apis;
  private final String apiKey;
  private final Duration patience;
  private final Ticker ticker;
  private final Consumer<ClientCall> record;

  /**
   * @param apis base URLs
   * @param apiKey for {@code Authorization: Bearer}; empty: none
   * @param patience with one call; a connection may take half of it
   * @param record told of each call, by the thread that made it
   */
  public ApiCalls(
      List<URI> apis,
      String apiKey,
      Duration patience,
      Ticker ticker,
      Consumer<ClientCall> record) {
    this.apis = List.copyOf(apis);
    this.apiKey = apiKey;
    this.patience = patience;
    this.ticker = ticker;
    this.record = record;
    this.http =
        HttpClient.newBuilder()
            .version(HttpClient.Version.HTTP_1_1)
            // Must run out first: then it is known that nothing was sent.
            .connectTimeout(patience.dividedBy(2))
            .build();
  }

  /** A client with a name of its own, which begins with the given api and takes them by turns. */
  public Client client(String name, int firstApi) {
    return new Client(name, firstApi);
  }

  @Override
  public void close() {
    http.shutdownNow();
  }

  /** What a call that got no answer says of its effect. */
  static Outcome outcome(IOException failure) {
    for (Throwable cause = failure; cause != null; cause = cause.getCause()) {
      if (cause instanceof ConnectException || cause instanceof HttpConnectTimeoutException) {
        return Outcome.FAIL;
      }
    }
    return Outcome.INFO;
  }

  /** What an answer says of the effect of its call. */
  static Outcome outcome(int status) {
    return switch (status / 100) {
      case 2 -> Outcome.OK;
      case 4 -> Outcome.FAIL;
      default -> Outcome.INFO;
    };
  }

  /** One thread of control: one call at a time. Not thread-safe. */
  public final class Client {

    private final String name;
    private int turn;

    private Client(String name, int firstApi) {
      this.name = name;
      this.turn = firstApi;
    }

    /** {@code POST run}; the job of what is returned is the id in the answer. */
    public ClientCall run(String body, @Nullable String key) throws InterruptedException {
      var request = request("/run").header("Content-Type", "application/json");
      if (key != null) {
        request.header("Idempotency-Key", key);
      }
      return call("run", null, key, body, request.POST(BodyPublishers.ofString(body)));
    }

    /** {@code GET status/{id}}. */
    public ClientCall status(String job) throws InterruptedException {
      return call("status", job, null, "", request("/status/" + job).GET());
    }

    /** {@code POST cancel/{id}}. */
    public ClientCall cancel(String job) throws InterruptedException {
      return call("cancel", job, null, "", request("/cancel/" + job).POST(BodyPublishers.noBody()));
    }

    /** {@code GET history/{id}}. */
    public ClientCall history(String job) throws InterruptedException {
      return call("history", job, null, "", request("/history/" + job).GET());
    }

    /** {@code GET health}. */
    public ClientCall health() throws InterruptedException {
      return call("health", null, null, "", request("/health").GET());
    }

    private HttpRequest.Builder request(String path) {
      var api = apis.get(Math.floorMod(turn++, apis.size()));
      var request = HttpRequest.newBuilder(api.resolve("/v2/default" + path)).timeout(patience);
      return apiKey.isEmpty() ? request : request.header("Authorization", "Bearer " + apiKey);
    }

    private ClientCall call(
        String operation,
        @Nullable String job,
        @Nullable String key,
        String body,
        HttpRequest.Builder request)
        throws InterruptedException {
      var calledAt = ticker.nowMicros();
      Outcome outcome;
      var status = 0;
      String response;
      try {
        var answer = http.send(request.build(), BodyHandlers.ofString());
        status = answer.statusCode();
        outcome = outcome(status);
        response = answer.body();
      } catch (IOException e) {
        outcome = outcome(e);
        response = e.toString();
      }
      var about = job;
      if (operation.equals("run") && outcome == Outcome.OK) {
        about = Answers.id(response).orElse(null);
      }
      var call =
          new ClientCall(
              calledAt,
              ticker.nowMicros(),
              name,
              operation,
              about,
              key,
              body,
              outcome,
              status,
              response);
      record.accept(call);
      return call;
    }
  }
}
