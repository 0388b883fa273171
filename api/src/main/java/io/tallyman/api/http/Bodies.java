package io.tallyman.api.http;

import jakarta.servlet.http.HttpServletRequest;
import java.io.IOException;
import java.io.InputStream;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.eclipse.jetty.http.HttpException;
import org.jspecify.annotations.Nullable;

/**
 * Reads request bodies as they come, up to a limit each, and up to a limit all together: a body
 * costs some ten times its size until its command is written.
 */
final class Bodies {

  /** RunPod's limit on {@code /run}. */
  static final int RUN_LIMIT = 10_000_000;

  /** RunPod's limit on {@code /runsync}. */
  static final int RUNSYNC_LIMIT = 20_000_000;

  /** For calls that need no body. */
  static final int OTHER_LIMIT = 64_000;

  /**
   * How much of a body over the limit is read and thrown away: a sender that is cut off while it
   * writes sees a broken connection instead of the answer.
   */
  private static final long DRAIN_LIMIT = 32_000_000;

  /** Share of the heap that bodies may take, read but not yet written to the log. */
  private static final int HEAP_SHARE = 16;

  private static final int UNIT = 1_024;
  private static final int FIRST_BUFFER = 4 * UNIT;
  private static final long BUSY_SECONDS = 2;

  private final Semaphore units;

  Bodies() {
    this.units =
        new Semaphore(
            (int)
                (Math.max(2L * RUNSYNC_LIMIT, Runtime.getRuntime().maxMemory() / HEAP_SHARE)
                    / UNIT));
  }

  /**
   * Reads the body of a request.
   *
   * @param limit in bytes
   * @throws Refusal 413 beyond the limit, 415 for an encoding or a type that is not ours, 408 when
   *     the sender is too slow, 400 when it breaks off, 503 when too much is held already
   */
  Held read(HttpServletRequest request, int limit) {
    var encoding = request.getHeader("Content-Encoding");
    if (encoding != null && !encoding.strip().equalsIgnoreCase("identity")) {
      throw Refusal.of(
          415,
          "encoding-unsupported",
          "Expected a body without Content-Encoding, but it has one. Send it uncompressed");
    }
    if (request.getContentLengthLong() > limit) {
      throw tooLarge(request, limit);
    }
    var held = new Held();
    try {
      held.readAll(request, limit);
      if (held.bytes.length > 0) {
        requireJson(request.getContentType());
      }
      return held;
    } catch (RuntimeException e) {
      held.close();
      throw e;
    }
  }

  private static Refusal broken(IOException e) {
    for (Throwable cause = e; cause != null; cause = cause.getCause()) {
      if (cause instanceof TimeoutException) {
        return new Refusal(
            408,
            "request-timeout",
            "Expected the whole body, but the sender was too slow. Try again",
            List.of(),
            Map.of("Connection", "close"));
      }
      if (cause instanceof HttpException http) {
        return malformed(http);
      }
    }
    return Refusal.of(
        400, "body-incomplete", "Expected the whole body, but the connection broke off");
  }

  private static Refusal malformed(HttpException e) {
    return Refusal.of(
        e.getCode(), "bad-request", "Expected a well-formed HTTP body, but: " + e.getReason());
  }

  private static Refusal tooLarge(HttpServletRequest request, int limit) {
    if (request.getHeader("Expect") == null) {
      drain(request);
    }
    return Refusal.of(
        413,
        "body-too-large",
        "Expected a body of at most %d bytes here, but it is larger. Put large data elsewhere and"
                .formatted(limit)
            + " send its URL");
  }

  private static void drain(HttpServletRequest request) {
    try {
      InputStream in = request.getInputStream();
      var scrap = new byte[8 * UNIT];
      var left = DRAIN_LIMIT;
      for (int read = 0; read >= 0 && left > 0; left -= read) {
        read = in.read(scrap);
      }
    } catch (IOException | HttpException.RuntimeException e) {
      // It is refused anyway.
    }
  }

  /** None is taken as JSON: curl users and old clients forget it. */
  private static void requireJson(@Nullable String contentType) {
    if (contentType == null) {
      return;
    }
    var parts = contentType.toLowerCase(Locale.ROOT).split(";", -1);
    var type = parts[0].strip();
    var isJson =
        type.equals("application/json")
            || (type.startsWith("application/") && type.endsWith("+json"));
    for (int i = 1; i < parts.length; i++) {
      var parameter = parts[i].replace("\"", "").strip();
      isJson &= !parameter.startsWith("charset=") || parameter.equals("charset=utf-8");
    }
    if (!isJson) {
      throw Refusal.of(
          415,
          "content-type-unsupported",
          "Expected Content-Type application/json in UTF-8, but got another. With curl, add: -H"
              + " 'Content-Type: application/json'");
    }
  }

  /** A body, and the memory it stands for until closed. Used by one thread. */
  final class Held implements AutoCloseable {

    private byte[] bytes = {};
    private int heldUnits;

    private Held() {}

    /** As they came. Not a copy. */
    byte[] bytes() {
      return bytes;
    }

    @Override
    public void close() {
      units.release(heldUnits);
      heldUnits = 0;
    }

    private void readAll(HttpServletRequest request, int limit) {
      try {
        var in = request.getInputStream();
        var buffer = new byte[FIRST_BUFFER];
        var length = 0;
        while (true) {
          var read = in.read(buffer, length, buffer.length - length);
          if (read < 0) {
            bytes = Arrays.copyOf(buffer, length);
            return;
          }
          length += read;
          if (length > limit) {
            throw tooLarge(request, limit);
          }
          if (length == buffer.length) {
            hold(length / UNIT);
            // One byte beyond the limit is enough to see that it is passed.
            buffer = Arrays.copyOf(buffer, (int) Math.min(2L * length, limit + 1L));
          }
        }
      } catch (IOException e) {
        throw broken(e);
      } catch (HttpException.RuntimeException e) {
        throw malformed(e);
      }
    }

    private void hold(int more) {
      try {
        if (!units.tryAcquire(more, BUSY_SECONDS, TimeUnit.SECONDS)) {
          throw new Refusal(
              503,
              "busy",
              "Expected room for the body, but too many large ones are held. Try again",
              List.of(),
              Map.of("Retry-After", "2"));
        }
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw Refusal.of(503, "stopping", "Expected to read the body, but this service stops");
      }
      heldUnits += more;
    }
  }
}
