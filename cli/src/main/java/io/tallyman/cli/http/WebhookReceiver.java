package io.tallyman.cli.http;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import io.tallyman.schemas.job.JobView;
import io.tallyman.schemas.json.MalformedMessage;
import io.tallyman.schemas.json.MessageCodec;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.util.Base64;
import java.util.Objects;
import java.util.concurrent.Executors;
import java.util.function.Consumer;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

/**
 * A receiver as a user would write one: checks the signature by Standard Webhooks, reads the body,
 * answers 200. Shares no code with the sender.
 */
public final class WebhookReceiver implements AutoCloseable {

  private static final int MAX_BODY = 32 << 20;

  private final HttpServer server;
  private final byte[] key;
  private final Consumer<Received> receiver;

  /**
   * Listens on a free loopback port.
   *
   * @param secret {@code whsec_…}, the same as the endpoint's
   * @param receiver told of every request, before it is answered
   */
  public WebhookReceiver(String secret, Consumer<Received> receiver) throws IOException {
    this.key = Base64.getDecoder().decode(secret.substring("whsec_".length()));
    this.receiver = receiver;
    this.server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    server.setExecutor(Executors.newVirtualThreadPerTaskExecutor());
    server.createContext("/", this::receive);
    server.start();
  }

  /** Where it listens. */
  public String url() {
    return "http://127.0.0.1:%d/webhook".formatted(server.getAddress().getPort());
  }

  @Override
  public void close() {
    server.stop(0);
  }

  private void receive(HttpExchange exchange) throws IOException {
    try (exchange) {
      var body = exchange.getRequestBody().readNBytes(MAX_BODY);
      var status = 200;
      try {
        receiver.accept(
            new Received(
                MessageCodec.decode(JobView.class, body),
                Integer.parseInt(header(exchange, "webhook-attempt")),
                isSigned(exchange, body),
                new String(body, UTF_8)));
      } catch (MalformedMessage | NumberFormatException e) {
        status = 400;
      }
      exchange.sendResponseHeaders(status, -1);
    }
  }

  private boolean isSigned(HttpExchange exchange, byte[] body) {
    try {
      var mac = Mac.getInstance("HmacSHA256");
      mac.init(new SecretKeySpec(key, "HmacSHA256"));
      mac.update(
          "%s.%s."
              .formatted(header(exchange, "webhook-id"), header(exchange, "webhook-timestamp"))
              .getBytes(UTF_8));
      var expected = "v1," + Base64.getEncoder().encodeToString(mac.doFinal(body));
      return MessageDigest.isEqual(
          expected.getBytes(UTF_8), header(exchange, "webhook-signature").getBytes(UTF_8));
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("Expected HmacSHA256 in every JDK, but there is none", e);
    }
  }

  private static String header(HttpExchange exchange, String name) {
    return Objects.requireNonNullElse(exchange.getRequestHeaders().getFirst(name), "");
  }

  /**
   * A webhook that arrived.
   *
   * @param view the body, read as a status document
   * @param attempt from 1
   * @param isSigned whether the signature is right
   * @param body as it came
   */
  public record Received(JobView view, int attempt, boolean isSigned, String body) {}
}
