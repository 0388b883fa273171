package io.tallyman.webhooks.http;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.tallyman.runtime.net.BlockedAddress;
import io.tallyman.runtime.net.VettedResolver;
import io.tallyman.webhooks.delivery.Outcome;
import io.tallyman.webhooks.delivery.Outcome.Kind;
import io.tallyman.webhooks.delivery.Sender.Exchange;
import io.tallyman.webhooks.delivery.Sender.Request;
import java.io.IOException;
import java.io.OutputStream;
import java.net.UnknownHostException;
import java.util.Optional;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import javax.net.ssl.SSLException;
import org.apache.hc.client5.http.ClientProtocolException;
import org.apache.hc.client5.http.classic.methods.HttpPost;
import org.apache.hc.client5.http.impl.classic.CloseableHttpClient;
import org.apache.hc.core5.http.ClassicHttpResponse;
import org.apache.hc.core5.http.ContentType;
import org.apache.hc.core5.http.Header;
import org.apache.hc.core5.http.HttpHeaders;
import org.apache.hc.core5.http.MalformedChunkCodingException;
import org.apache.hc.core5.http.MessageConstraintException;
import org.apache.hc.core5.http.io.entity.ByteArrayEntity;
import org.apache.hc.core5.http.io.entity.HttpEntityWrapper;
import org.jspecify.annotations.Nullable;

/** One POST. */
final class ApacheExchange implements Exchange {

  /** How much of an answer is read: a sentence of error is worth having, a page is not. */
  static final int MAX_ANSWER_BYTES = 16 << 10;

  private static final int MAX_LOCATION = 200;
  private static final ContentType JSON = ContentType.create("application/json");

  private final CloseableHttpClient client;
  private final VettedResolver resolver;
  private final ScheduledExecutorService timer;
  private final Request request;

  /** Why it was ended before there was an answer; the first reason stands. */
  private final AtomicReference<@Nullable Kind> ended = new AtomicReference<>();

  private final HttpPost post;
  private final Body body;

  ApacheExchange(
      CloseableHttpClient client,
      VettedResolver resolver,
      ScheduledExecutorService timer,
      Request request) {
    this.client = client;
    this.resolver = resolver;
    this.timer = timer;
    this.request = request;
    this.post = new HttpPost(request.url());
    request.headers().forEach(post::setHeader);
    this.body = new Body(request.body().bytes());
    post.setEntity(body);
  }

  @Override
  public Outcome run() {
    var deadline =
        timer.schedule(
            // Closing a socket may block; the timer must not.
            () -> Thread.ofVirtual().start(() -> end(Kind.TIMEOUT)),
            Math.max(1, request.deadline().toMillis()),
            TimeUnit.MILLISECONDS);
    try {
      return exchange();
    } finally {
      deadline.cancel(false);
    }
  }

  @Override
  public void cancel() {
    end(Kind.INTERRUPTED);
  }

  private void end(Kind why) {
    ended.compareAndSet(null, why);
    post.cancel();
  }

  private Outcome exchange() {
    try {
      // First, because a lookup does not end when the request is cancelled. The client asks again
      // when it connects, and finds the answer known; one over a kept connection is vetted too.
      resolver.resolve(request.url().getHost(), request.deadline());
      var response = client.executeOpen(null, post, null);
      try {
        return judge(response);
      } finally {
        close(response);
      }
    } catch (IOException e) {
      return failure(e);
    } catch (IllegalStateException e) {
      // Cancelled between taking the connection and using it: the client finds it gone.
      if (ended.get() == null) {
        throw e;
      }
      return failure(new IOException(e));
    }
  }

  /** The status decides, whatever becomes of the rest of the answer. */
  private Outcome judge(ClassicHttpResponse response) {
    var status = response.getCode();
    if (status < 200 || status > 599) {
      return Outcome.failed(Kind.PROTOCOL, "Expected a status from 200 to 599, but got " + status);
    }
    var outcome = Outcome.answered(status, request.success(), firstBytes(response));
    if (outcome.kind() == Kind.REDIRECT) {
      var where = header(response, HttpHeaders.LOCATION).orElse("nowhere");
      outcome =
          Outcome.answered(
              status,
              request.success(),
              "Not followed: " + where.substring(0, Math.min(MAX_LOCATION, where.length())));
    }
    if (header(response, "webhook-delivery").filter("abort-message"::equals).isPresent()) {
      return outcome.aborted();
    }
    return header(response, HttpHeaders.RETRY_AFTER).map(outcome::retryAfter).orElse(outcome);
  }

  /** The first of that name: who sends two means either. */
  private static Optional<String> header(ClassicHttpResponse response, String name) {
    return Optional.ofNullable(response.getFirstHeader(name)).map(Header::getValue);
  }

  private static String firstBytes(ClassicHttpResponse response) {
    var entity = response.getEntity();
    if (entity == null) {
      return "";
    }
    var answer = new byte[room(entity.getContentLength())];
    var length = 0;
    try {
      var in = entity.getContent();
      // To the end if it is near: only then can the connection be used again.
      while (length < answer.length) {
        var read = in.read(answer, length, answer.length - length);
        if (read < 0) {
          break;
        }
        length += read;
      }
    } catch (IOException _) {
      // It broke off, or the deadline came; what was read is still worth keeping.
    }
    return new String(answer, 0, length, UTF_8);
  }

  /** One byte more than there should be: it is at the end that the connection can be used again. */
  private static int room(long length) {
    return length < 0 ? MAX_ANSWER_BYTES : (int) Math.min(MAX_ANSWER_BYTES, length + 1);
  }

  /**
   * Gives the connection back, or closes it when the answer was not read to its end: cancelled
   * first, because closing an answer reads what is left of it.
   */
  private void close(ClassicHttpResponse response) {
    post.cancel();
    try {
      response.close();
    } catch (IOException _) {
      // It is closed.
    }
  }

  private Outcome failure(IOException e) {
    var reason = ended.get();
    if (reason == Kind.TIMEOUT) {
      return Outcome.failed(
          reason, "No answer within %d ms".formatted(request.deadline().toMillis()));
    }
    if (reason != null) {
      return Outcome.failed(reason, "Stopped by us; another attempt follows");
    }
    var kind =
        switch (e) {
          case BlockedAddress _ -> Kind.BLOCKED_ADDRESS;
          case UnknownHostException _ -> Kind.DNS;
          case SSLException _ -> Kind.TLS;
          case ClientProtocolException _,
              MessageConstraintException _,
              MalformedChunkCodingException _ ->
              Kind.PROTOCOL;
          default -> body.isBegun ? Kind.BROKEN : Kind.CONNECT;
        };
    // Records are for the endpoint's owner: not even he is shown the inside of our network.
    return Outcome.failed(
        kind,
        kind == Kind.BLOCKED_ADDRESS
            ? "The name leads to an address that may not be asked (TALLY_ALLOWED_NETWORKS)"
            : e.getClass().getSimpleName() + ": " + e.getMessage());
  }

  /** Knows whether the connection was there. */
  private static final class Body extends HttpEntityWrapper {
    private volatile boolean isBegun;

    private Body(byte[] bytes) {
      super(new ByteArrayEntity(bytes, JSON));
    }

    @Override
    public void writeTo(OutputStream out) throws IOException {
      isBegun = true;
      super.writeTo(out);
    }
  }
}
