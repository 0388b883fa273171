package io.tallyman.runner.http;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.sun.net.httpserver.HttpServer;
import io.tallyman.runner.attempt.Await;
import io.tallyman.runner.attempt.StopSignal;
import io.tallyman.runner.files.Transfer;
import io.tallyman.runtime.net.AddressPolicy;
import io.tallyman.runtime.net.VettedResolver;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

@Timeout(60)
class HttpTransferIT {

  @TempDir private Path folder;

  private final Transfer transfer = Transfers.onLoopback();
  private final StopSignal stop = new StopSignal();
  private final CountDownLatch asked = new CountDownLatch(1);
  private final CountDownLatch released = new CountDownLatch(1);
  private HttpServer server;

  @BeforeEach
  void serve() throws IOException {
    server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    server.setExecutor(Executors.newVirtualThreadPerTaskExecutor());
    answer("/gone", 404, 0);
    answer("/endless", 200, Transfer.MAX_FILE + 1);
    server.createContext(
        "/moved",
        exchange -> {
          exchange.getResponseHeaders().set("Location", "http://127.0.0.1:1/");
          exchange.sendResponseHeaders(302, -1);
          exchange.close();
        });
    server.createContext(
        "/silent",
        exchange -> {
          asked.countDown();
          try {
            released.await();
          } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
          }
          exchange.close();
        });
    server.start();
  }

  @AfterEach
  void close() {
    released.countDown();
    server.stop(0);
  }

  @ParameterizedTest
  @CsvSource({"/gone,answered 404", "/moved,answered 302", "/endless,larger than"})
  void shouldFailWithTheNameAndWithoutTheUrl(String path, String why) {
    assertThatThrownBy(() -> transfer.download(Map.of(folder.resolve("a.png"), url(path)), stop))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("'a.png'")
        .hasMessageContaining(why)
        .hasMessageNotContaining("secret");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "file:///etc/passwd",
        "ftp://h/secret",
        "secret",
        "http:///secret",
        "http://h/ secret"
      })
  void shouldRefuseOtherUrls(String url) {
    assertThatThrownBy(() -> transfer.download(Map.of(folder.resolve("a.png"), url), stop))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("http or https URL for 'a.png'")
        .hasMessageNotContaining("secret");
  }

  @Test
  void shouldRefuseAPrivateAddress() {
    for (var policy : List.of("127.0.0.0/8", "")) {
      var strict = new HttpTransfer(new VettedResolver(AddressPolicy.allowing(policy)));
      assertThatThrownBy(
              () ->
                  strict.download(
                      Map.of(folder.resolve("a.png"), "http://[::1]/latest?secret=1"), stop))
          .isInstanceOf(IOException.class)
          .hasMessageContaining("'a.png' that may be asked")
          .hasMessageNotContaining("secret");
    }
  }

  @Test
  void shouldRefuseANameThatLeadsToAPrivateAddress() throws Exception {
    // given
    var internal =
        new VettedResolver(
            AddressPolicy.PUBLIC,
            _ -> new InetAddress[] {InetAddress.getLoopbackAddress()},
            Duration.ofSeconds(3),
            Duration.ZERO);
    var strict = new HttpTransfer(internal);
    var url = "http://files.test:%d/endless?secret=1".formatted(server.getAddress().getPort());
    var file = Files.writeString(folder.resolve("a.png"), "x");

    // when, then
    assertThatThrownBy(() -> strict.download(Map.of(file, url), stop))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("its address may not be asked")
        .hasMessageNotContaining("127.0.0.1")
        .hasMessageNotContaining("secret");
    assertThatThrownBy(() -> strict.upload(Map.of(file, url), stop))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("its address may not be asked");
  }

  @Test
  void shouldEndAtOnceWhenStopped() throws Exception {
    // given
    var failed =
        CompletableFuture.supplyAsync(
            () -> {
              try {
                transfer.download(Map.of(folder.resolve("a.png"), url("/silent")), stop);
                return "finished";
              } catch (IOException | InterruptedException e) {
                return String.valueOf(e.getMessage());
              }
            });
    assertThat(asked.await(10, TimeUnit.SECONDS)).isTrue();

    // when
    stop.request();

    // then
    Await.until("it ends", failed::isDone);
    assertThat(failed.join()).contains("the attempt was stopped");
  }

  @Test
  void shouldFailWhenTheOtherSideRefusesAnUpload() throws Exception {
    var file = Files.writeString(folder.resolve("a.png"), "x");

    assertThatThrownBy(() -> transfer.upload(Map.of(file, url("/gone")), stop))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("send 'a.png'")
        .hasMessageContaining("404");
  }

  @ParameterizedTest
  @CsvSource({
    "a.png,image/png",
    "a.JPG,image/jpeg",
    "a.mp4,video/mp4",
    "a.gif,image/gif",
    "a.safetensors,application/octet-stream",
    "png,application/octet-stream"
  })
  void shouldTellTheTypeByTheEndOfTheName(String name, String type) {
    assertThat(HttpTransfer.contentType(name)).isEqualTo(type);
  }

  private String url(String path) {
    return "http://127.0.0.1:%d%s?secret=1".formatted(server.getAddress().getPort(), path);
  }

  private void answer(String path, int status, long size) {
    server.createContext(
        path,
        exchange -> {
          try (exchange) {
            exchange.sendResponseHeaders(status, size == 0 ? -1 : size);
            var block = new byte[1 << 20];
            for (long sent = 0; sent < size; sent += block.length) {
              exchange.getResponseBody().write(block, 0, (int) Math.min(block.length, size - sent));
            }
          }
        });
  }
}
