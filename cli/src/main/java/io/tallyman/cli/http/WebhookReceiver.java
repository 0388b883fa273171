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
import java.util.Arrays;
import java.util.Base64;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.Executors;
import java.util.function.Consumer;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

/**
 * A receiver as a user would write one: checks the signature by Standard Webhooks, reads the body,
 * answers 200. Shares no code with the sender.
 */
public final class WebhookReceiver implements AutoCloseable {

  private static final String SECRET = "whsec_";
  private static final int MAX_BODY = 32 << 20;

  private final HttpServer server;
  private final Optional<byte[]> key;
  private final Consumer<Received> receiver;

  /**
   * Listens on a loopback port.
   *
   * @param secret {@code whsec_…}, the same as the endpoint's; empty: signatures are not checked
   * @param port 0: any free one
   * @param receiver told of every request, before it is answered
   * @throws IllegalArgumentException when the secret is none; never repeats it
   */
  public WebhookReceiver(Optional<String> secret, int port, Consumer<Received> receiver)
      throws IOException {
    this.key = secret.map(WebhookReceiver::key);
    this.receiver = receiver;
    this.server =
        HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), port), 0);
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
                header(exchange, "webhook-id"),
                Integer.parseInt(header(exchange, "webhook-attempt")),
                header(exchange, "webhook-trigger"),
                key.map(it -> isSigned(it, exchange, body)),
                new String(body, UTF_8)));
      } catch (MalformedMessage | NumberFormatException e) {
        status = 400;
      }
      exchange.sendResponseHeaders(status, -1);
    }
  }

  private static byte[] key(String secret) {
    if (!secret.startsWith(SECRET)) {
      throw new IllegalArgumentException(
          "Expected a secret 'whsec_' and base64 behind it, as in the endpoints file, but got"
              + " something else");
    }
    try {
      return Base64.getDecoder().decode(secret.substring(SECRET.length()));
    } catch (IllegalArgumentException e) {
      throw new IllegalArgumentException("Expected base64 behind 'whsec_', but it is none", e);
    }
  }

  /** While a key is being replaced there are several signatures; one that is right is enough. */
  private static boolean isSigned(byte[] key, HttpExchange exchange, byte[] body) {
    try {
      var mac = Mac.getInstance("HmacSHA256");
      mac.init(new SecretKeySpec(key, "HmacSHA256"));
      mac.update(
          "%s.%s."
              .formatted(header(exchange, "webhook-id"), header(exchange, "webhook-timestamp"))
              .getBytes(UTF_8));
      var expected = "v1," + Base64.getEncoder().encodeToString(mac.doFinal(body));
      return Arrays.stream(header(exchange, "webhook-signature").split(" "))
          .anyMatch(it -> MessageDigest.isEqual(expected.getBytes(UTF_8), it.getBytes(UTF_8)));
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
   * @param webhookId the same whenever the same event is told
   * @param attempt from 1
   * @param trigger why it is told again: {@code manual} or {@code redrive}; empty: it is not
   * @param isSigned whether the signature is right; empty: not checked
   * @param body as it came
   */
  public record Received(
      JobView view,
      String webhookId,
      int attempt,
      String trigger,
      Optional<Boolean> isSigned,
      String body) {

    /** {@code checked}, {@code WRONG} or {@code not checked}. */
    public String signature() {
      return isSigned.map(it -> it ? "checked" : "WRONG").orElse("not checked");
    }
  }
}
