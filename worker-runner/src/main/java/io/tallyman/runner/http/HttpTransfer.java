package io.tallyman.runner.http;

import io.tallyman.runner.attempt.StopSignal;
import io.tallyman.runner.files.Transfer;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Path;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.BiFunction;

/**
 * Files over HTTP, by plain GET and PUT without redirects: made for signed URLs. Messages name the
 * file and never the URL, which is a secret.
 */
public final class HttpTransfer implements Transfer {

  private static final String STOPPED = "the attempt was stopped";
  private static final Duration CONNECT_TIMEOUT = Duration.ofSeconds(10);

  /** For all downloads of an attempt, and for all its uploads. */
  private static final Duration TIMEOUT = Duration.ofMinutes(2);

  private final HttpClient client =
      HttpClient.newBuilder()
          .connectTimeout(CONNECT_TIMEOUT)
          .followRedirects(HttpClient.Redirect.NEVER)
          .build();

  @Override
  public void download(Map<Path, String> files, StopSignal stop)
      throws IOException, InterruptedException {
    var requests = new LinkedHashMap<Path, HttpRequest>();
    for (var file : files.entrySet()) {
      requests.put(file.getKey(), request(file.getKey(), file.getValue()).GET().build());
    }
    await(
        move(
            "fetch",
            requests,
            (file, request) ->
                client.sendAsync(request, info -> BoundedFile.of(info, file, MAX_FILE))),
        stop);
  }

  @Override
  public void upload(Map<Path, String> files, StopSignal stop)
      throws IOException, InterruptedException {
    var requests = new LinkedHashMap<Path, HttpRequest>();
    for (var file : files.entrySet()) {
      requests.put(
          file.getKey(),
          request(file.getKey(), file.getValue())
              .header("Content-Type", contentType(name(file.getKey())))
              .PUT(BodyPublishers.ofFile(file.getKey()))
              .build());
    }
    await(
        move(
            "send", requests, (_, request) -> client.sendAsync(request, BodyHandlers.discarding())),
        stop);
  }

  /** What the receiver is told about a file, by the end of its name. */
  static String contentType(String name) {
    var dot = name.lastIndexOf('.');
    return switch (dot < 0 ? "" : name.substring(dot + 1).toLowerCase(Locale.ROOT)) {
      case "png" -> "image/png";
      case "jpg", "jpeg" -> "image/jpeg";
      case "webp" -> "image/webp";
      case "gif" -> "image/gif";
      case "svg" -> "image/svg+xml";
      case "mp4" -> "video/mp4";
      case "webm" -> "video/webm";
      case "mov" -> "video/quicktime";
      case "mp3" -> "audio/mpeg";
      case "wav" -> "audio/wav";
      case "json" -> "application/json";
      case "txt", "log" -> "text/plain";
      case "csv" -> "text/csv";
      case "pdf" -> "application/pdf";
      case "zip" -> "application/zip";
      default -> "application/octet-stream";
    };
  }

  private static String name(Path file) {
    return String.valueOf(file.getFileName());
  }

  private static List<Moving> move(
      String verb,
      Map<Path, HttpRequest> requests,
      BiFunction<Path, HttpRequest, CompletableFuture<? extends HttpResponse<?>>> send) {
    return requests.entrySet().stream()
        .map(
            entry ->
                new Moving(
                    verb, name(entry.getKey()), send.apply(entry.getKey(), entry.getValue())))
        .toList();
  }

  private static HttpRequest.Builder request(Path file, String url) throws IOException {
    try {
      var uri = URI.create(url);
      var scheme = String.valueOf(uri.getScheme()).toLowerCase(Locale.ROOT);
      if (uri.getHost() != null && (scheme.equals("http") || scheme.equals("https"))) {
        return HttpRequest.newBuilder(uri).timeout(TIMEOUT);
      }
    } catch (IllegalArgumentException _) {
      // Answered below, without the URL.
    }
    throw new IOException(
        "Expected an http or https URL for '%s', but got another".formatted(name(file)));
  }

  private static void await(List<Moving> transfers, StopSignal stop)
      throws IOException, InterruptedException {
    stop.onRequest(() -> cancel(transfers));
    var deadline = System.nanoTime() + TIMEOUT.toNanos();
    try {
      for (var transfer : transfers) {
        check(transfer, deadline - System.nanoTime());
      }
    } finally {
      cancel(transfers);
    }
  }

  private static void check(Moving moving, long patienceNanos)
      throws IOException, InterruptedException {
    try {
      var status = moving.response.get(patienceNanos, TimeUnit.NANOSECONDS).statusCode();
      if (status < 200 || status > 299) {
        throw moving.failed("the other side answered %d".formatted(status));
      }
    } catch (ExecutionException e) {
      // The client may tell a cancellation as the failure of the request.
      throw moving.failed(
          e.getCause() instanceof CancellationException ? STOPPED : String.valueOf(e.getCause()));
    } catch (CancellationException _) {
      throw moving.failed(STOPPED);
    } catch (TimeoutException _) {
      throw moving.failed("it took longer than %d s".formatted(TIMEOUT.toSeconds()));
    }
  }

  private static void cancel(List<Moving> transfers) {
    transfers.forEach(transfer -> transfer.response.cancel(true));
  }

  private record Moving(
      String verb, String name, CompletableFuture<? extends HttpResponse<?>> response) {

    IOException failed(String why) {
      return new IOException("Expected to %s '%s', but %s".formatted(verb, name, why));
    }
  }
}
