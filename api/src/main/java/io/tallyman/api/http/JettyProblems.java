package io.tallyman.api.http;

import java.nio.ByteBuffer;
import java.util.List;
import java.util.Locale;
import org.eclipse.jetty.http.HttpField;
import org.eclipse.jetty.http.HttpHeader;
import org.eclipse.jetty.http.HttpStatus;
import org.eclipse.jetty.server.Request;
import org.eclipse.jetty.server.Response;
import org.eclipse.jetty.server.handler.ErrorHandler;
import org.eclipse.jetty.util.Callback;
import org.jspecify.annotations.Nullable;

/**
 * Answers what Jetty refuses before a route sees it (a bad request line, too long a header …), and
 * what broke so badly that no route could answer, with a problem document too, never with HTML, a
 * stack trace or what an exception said.
 */
final class JettyProblems extends ErrorHandler {

  /** All that a caller is told of a bug. */
  static final String INTERNAL_ERROR = "Expected to answer, but failed; the log has more";

  private static final HttpField CONTENT_TYPE =
      new HttpField(HttpHeader.CONTENT_TYPE, Problem.CONTENT_TYPE);

  JettyProblems() {
    setShowStacks(false);
    setShowCauses(false);
  }

  @Override
  public boolean errorPageForMethod(String method) {
    return true;
  }

  @Override
  protected void generateResponse(
      Request request,
      Response response,
      int code,
      @Nullable String message,
      @Nullable Throwable cause,
      Callback callback) {
    response.getHeaders().put(CONTENT_TYPE);
    if (code >= 500) {
      response.getHeaders().put(HttpHeader.RETRY_AFTER, "1");
    }
    var path = request.getHttpURI() == null ? null : request.getHttpURI().getPath();
    var body = problem(code, path == null || path.isEmpty() ? "/" : path).json();
    response.write(true, ByteBuffer.wrap(body), callback);
  }

  private static Problem problem(int code, String path) {
    if (code == HttpStatus.INTERNAL_SERVER_ERROR_500) {
      return Problem.of(code, "internal-error", INTERNAL_ERROR, path, List.of());
    }
    var reason = HttpStatus.getMessage(code);
    return Problem.of(
        code,
        reason.toLowerCase(Locale.ROOT).replaceAll("[^a-z0-9]+", "-"),
        "Expected a well-formed HTTP request, but: %d %s".formatted(code, reason),
        path,
        List.of());
  }
}
