package io.tallyman.runner.http;

import io.tallyman.runner.attempt.StopSignal;
import io.tallyman.runner.files.Transfer;
import io.tallyman.runtime.net.AddressPolicy;
import io.tallyman.runtime.net.BlockedAddress;
import io.tallyman.runtime.net.ReceiverUrl;
import io.tallyman.runtime.net.VettedResolver;
import java.io.IOException;
import java.net.InetAddress;
import java.net.URI;
import java.net.UnknownHostException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.apache.hc.client5.http.DnsResolver;
import org.apache.hc.client5.http.classic.methods.HttpGet;
import org.apache.hc.client5.http.classic.methods.HttpPut;
import org.apache.hc.client5.http.classic.methods.HttpUriRequestBase;
import org.apache.hc.client5.http.config.ConnectionConfig;
import org.apache.hc.client5.http.impl.classic.CloseableHttpClient;
import org.apache.hc.client5.http.impl.classic.HttpClients;
import org.apache.hc.client5.http.impl.io.PoolingHttpClientConnectionManagerBuilder;
import org.apache.hc.core5.http.ClassicHttpResponse;
import org.apache.hc.core5.http.ContentType;
import org.apache.hc.core5.http.io.entity.FileEntity;
import org.apache.hc.core5.util.Timeout;

/**
 * Files over HTTP, by plain GET and PUT without redirects: made for signed URLs. Messages name the
 * file and never the URL, which is a secret. The URL is a submitter's, so the runner asks only what
 * the address policy allows: it stands in a network that the submitter does not.
 *
 * <p>Apache HttpClient and not the JDK's: that has no say in where a name leads.
 */
public final class HttpTransfer implements Transfer {

  private static final Duration CONNECT_TIMEOUT = Duration.ofSeconds(10);

  /** For all downloads of an attempt, and for all its uploads. */
  private static final Duration TIMEOUT = Duration.ofMinutes(2);

  /** Files at once, over all attempts; a connection of a stopped one may still be closing. */
  private static final int MAX_CONNECTIONS = 1_000;

  private static final int BLOCK = 64 << 10;

  private final AddressPolicy policy;
  private final CloseableHttpClient client;

  /** A transfer from and to where the resolver's policy allows. */
  public HttpTransfer(VettedResolver resolver) {
    this.policy = resolver.policy();
    this.client =
        HttpClients.custom()
            .setConnectionManager(
                PoolingHttpClientConnectionManagerBuilder.create()
                    .setDnsResolver(vetted(resolver))
                    .setDefaultConnectionConfig(
                        ConnectionConfig.custom()
                            .setConnectTimeout(Timeout.of(CONNECT_TIMEOUT))
                            .setSocketTimeout(Timeout.of(TIMEOUT))
                            .build())
                    .setMaxConnTotal(MAX_CONNECTIONS)
                    .setMaxConnPerRoute(MAX_CONNECTIONS)
                    .build())
            .disableAutomaticRetries()
            .disableRedirectHandling()
            .disableCookieManagement()
            .disableAuthCaching()
            .disableContentCompression()
            .build();
  }

  @Override
  public void download(Map<Path, String> files, StopSignal stop)
      throws IOException, InterruptedException {
    var movings = new LinkedHashMap<Moving, Path>();
    for (var file : files.entrySet()) {
      var name = name(file.getKey());
      movings.put(
          new Moving("fetch", name, new HttpGet(checked(name, file.getValue()))), file.getKey());
    }
    movings.forEach((moving, file) -> start(moving, response -> save(response, file)));
    await(List.copyOf(movings.keySet()), stop);
  }

  @Override
  public void upload(Map<Path, String> files, StopSignal stop)
      throws IOException, InterruptedException {
    var movings = new LinkedHashMap<Moving, Path>();
    for (var file : files.entrySet()) {
      var name = name(file.getKey());
      var put = new HttpPut(checked(name, file.getValue()));
      put.setEntity(new FileEntity(file.getKey().toFile(), ContentType.create(contentType(name))));
      movings.put(new Moving("send", name, put), file.getKey());
    }
    movings.keySet().forEach(moving -> start(moving, _ -> {}));
    await(List.copyOf(movings.keySet()), stop);
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

  private static DnsResolver vetted(VettedResolver resolver) {
    return new DnsResolver() {
      @Override
      public InetAddress[] resolve(String host) throws UnknownHostException {
        return resolver.resolve(host).toArray(InetAddress[]::new);
      }

      @Override
      public String resolveCanonicalHostname(String host) {
        return host;
      }
    };
  }

  private URI checked(String name, String url) throws IOException {
    if (ReceiverUrl.mistakeIn(url, policy, ReceiverUrl.MAX_SIGNED_LENGTH).isPresent()) {
      // Without the mistake, which may repeat a part of the URL.
      throw new IOException(
          "Expected an http or https URL for '%s' that may be asked, but got another"
              .formatted(name));
    }
    return URI.create(url);
  }

  private void start(Moving moving, Body body) {
    Thread.ofVirtual()
        .name("transfer")
        .start(
            () -> {
              try {
                exchange(moving, body);
                moving.end.complete(null);
              } catch (BlockedAddress _) {
                // Neither name nor address: the submitter would learn what is in our network.
                moving.end.completeExceptionally(
                    new IOException("its address may not be asked (TALLY_ALLOWED_NETWORKS)"));
              } catch (IOException
                  | RuntimeException e) { // A thread's edge: its end must be known.
                moving.end.completeExceptionally(e);
              }
            });
  }

  private void exchange(Moving moving, Body body) throws IOException {
    var response = client.executeOpen(null, moving.request, null);
    try {
      var status = response.getCode();
      if (status < 200 || status > 299) {
        throw new IOException("the other side answered %d".formatted(status));
      }
      body.take(response);
    } finally {
      // Before it is closed, because closing reads what is left.
      moving.request.cancel();
      response.close();
    }
  }

  private static void save(ClassicHttpResponse response, Path file) throws IOException {
    var entity = response.getEntity();
    try (var out = Files.newOutputStream(file)) {
      if (entity == null) {
        return;
      }
      var in = entity.getContent();
      var block = new byte[BLOCK];
      var received = 0L;
      for (var read = in.read(block); read >= 0; read = in.read(block)) {
        received += read;
        if (received > MAX_FILE) {
          throw new IOException("it is larger than %d bytes".formatted(MAX_FILE));
        }
        out.write(block, 0, read);
      }
    }
  }

  private static String name(Path file) {
    return String.valueOf(file.getFileName());
  }

  private static void await(List<Moving> transfers, StopSignal stop)
      throws IOException, InterruptedException {
    stop.onRequest(() -> cancel(transfers));
    var deadline = System.nanoTime() + TIMEOUT.toNanos();
    try {
      for (var transfer : transfers) {
        check(transfer, deadline - System.nanoTime(), stop);
      }
    } finally {
      cancel(transfers);
    }
  }

  private static void check(Moving moving, long patienceNanos, StopSignal stop)
      throws IOException, InterruptedException {
    try {
      moving.end.get(patienceNanos, TimeUnit.NANOSECONDS);
    } catch (ExecutionException e) {
      throw moving.failed(
          stop.isRequested() ? "the attempt was stopped" : String.valueOf(e.getCause()));
    } catch (TimeoutException _) {
      throw moving.failed("it took longer than %d s".formatted(TIMEOUT.toSeconds()));
    }
  }

  private static void cancel(List<Moving> transfers) {
    for (var transfer : transfers) {
      transfer.request.cancel();
      transfer.end.completeExceptionally(new IOException("it was cancelled"));
    }
  }

  private interface Body {
    void take(ClassicHttpResponse response) throws IOException;
  }

  private static final class Moving {
    private final String verb;
    private final String name;
    private final HttpUriRequestBase request;
    private final CompletableFuture<Void> end = new CompletableFuture<>();

    private Moving(String verb, String name, HttpUriRequestBase request) {
      this.verb = verb;
      this.name = name;
      this.request = request;
    }

    private IOException failed(String why) {
      return new IOException("Expected to %s '%s', but %s".formatted(verb, name, why));
    }
  }
}
