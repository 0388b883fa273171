package io.tallyman.api.http;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_16;
import static java.nio.charset.StandardCharsets.UTF_16LE;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.params.provider.Arguments.argumentSet;

import java.nio.charset.Charset;
import java.util.Arrays;
import java.util.stream.Stream;
import org.junit.jupiter.params.provider.Arguments;

/**
 * The table of bad inputs: name, the request byte for byte, the status, the end of the problem's
 * type, and the pointer if there is one. Behind it, oddities that are taken.
 */
final class BadInputs {

  private BadInputs() {}

  static Stream<Arguments> refused() {
    return Stream.of(bodies(), fields(), framing(), paths(), parameters()).flatMap(all -> all);
  }

  private static Stream<Arguments> bodies() {
    return Stream.of(
        run("empty body", "", 400, "body-required"),
        run("blank body", " \n", 400, "body-required"),
        run("a word", "hello", 400, "invalid-json"),
        run("a list", "[]", 400, "not-an-object"),
        run("a text", "\"x\"", 400, "not-an-object"),
        run("null", "null", 400, "not-an-object"),
        run("cut off", "{\"input\":", 400, "invalid-json"),
        run("two documents", "{\"input\":{}} {\"x\":1}", 400, "trailing-data"),
        run("junk behind", "{\"input\":{}}x", 400, "trailing-data"),
        run("input twice", "{\"input\":1,\"input\":2}", 400, "duplicate-key"),
        run("a key twice, deep", "{\"input\":[{\"a\":{\"b\":1,\"b\":2}}]}", 400, "duplicate-key"),
        run("NaN", "{\"input\":NaN}", 400, "invalid-json"),
        run("Infinity", "{\"input\":-Infinity}", 400, "invalid-json"),
        run("a comment", "{/* no */\"input\":1}", 400, "invalid-json"),
        run("single quotes", "{'input':1}", 400, "invalid-json"),
        run("a trailing comma", "{\"input\":1,}", 400, "invalid-json"),
        run("2,000 digits", "{\"input\":" + "1".repeat(2_000) + "}", 400, "number-too-long"),
        run(
            "2,000 lists deep",
            "{\"input\":" + "[".repeat(2_000) + "]".repeat(2_000) + "}",
            400,
            "too-deep"),
        run(
            "101 objects deep",
            "{\"input\":" + "{\"a\":".repeat(100) + "1" + "}".repeat(100) + "}",
            400,
            "too-deep"),
        run("a name of 60 KB", "{\"" + "n".repeat(60_000) + "\":1}", 400, "name-too-long"),
        run(
            "invalid UTF-8 in a text",
            json("{\"input\":\"\u00ff\u00fe\"}", ISO_8859_1),
            400,
            "invalid-utf8"),
        run(
            "UTF-8 of a surrogate",
            json("{\"input\":\"\u00ed\u00a0\u0080\"}", ISO_8859_1),
            400,
            "invalid-utf8"),
        run(
            "overlong UTF-8",
            json("{\"input\":\"\u00c0\u00af\"}", ISO_8859_1),
            400,
            "invalid-utf8"),
        run("UTF-16", json("{\"input\":1}", UTF_16), 400, "invalid-utf8"),
        run("UTF-16 without a mark", json("{\"input\":1}", UTF_16LE), 400, "invalid-json"),
        run("a lone high surrogate", "{\"input\":\"\\ud800\"}", 400, "lone-surrogate"),
        run("a lone low surrogate", "{\"input\":\"\\udc00x\"}", 400, "lone-surrogate"),
        run(
            "surrogates in the wrong order",
            "{\"input\":\"\\udc00\\ud800\"}",
            400,
            "lone-surrogate"),
        post(
            "text/plain",
            "/run",
            "Content-Type: text/plain\r\n",
            "{\"input\":1}",
            415,
            "content-type-unsupported"),
        post(
            "a form",
            "/run",
            "Content-Type: application/x-www-form-urlencoded\r\n",
            "input=1",
            415,
            "content-type-unsupported"),
        post(
            "another charset",
            "/run",
            "Content-Type: application/json; charset=latin1\r\n",
            "{\"input\":1}",
            415,
            "content-type-unsupported"),
        post(
            "gzip",
            "/run",
            "Content-Type: application/json\r\nContent-Encoding: gzip\r\n",
            "junk",
            415,
            "encoding-unsupported"),
        post("cancel with junk", "/cancel/x", "", "junk", 400, "invalid-json"),
        post("cancel with a list", "/cancel/x", "", "[]", 400, "not-an-object"),
        post("status with 65 KB", "/status/x", "", " ".repeat(65_000), 413, "body-too-large"),
        post("run with 10 MB", "/run", "", json(10_000_001), 413, "body-too-large"),
        post("runsync with 20 MB", "/runsync", "", json(20_000_001), 413, "body-too-large"),
        raw(
            "10 MB in chunks",
            head("POST /run HTTP/1.1", "Transfer-Encoding: chunked")
                + "989681\r\n"
                + " ".repeat(0x989681)
                + "\r\n0\r\n\r\n",
            413,
            "body-too-large"),
        raw(
            "too much announced, nothing sent",
            head("POST /run HTTP/1.1", "Content-Length: 99999999", "Expect: 100-continue"),
            413,
            "body-too-large"));
  }

  private static Stream<Arguments> fields() {
    return Stream.of(
        run("no input", "{}", 400, "invalid-request", "/input"),
        run("policy a number", "{\"input\":1,\"policy\":3}", 400, "invalid-request", "/policy"),
        policy("executionTimeout", "-1"),
        policy("executionTimeout", "0"),
        policy("executionTimeout", "4999"),
        policy("executionTimeout", "604800001"),
        policy("executionTimeout", "\"5000\""),
        policy("executionTimeout", "5000.5"),
        policy("executionTimeout", "1e99"),
        policy("executionTimeout", "99999999999999999999"),
        policy("executionTimeout", "[5000]"),
        policy("ttl", "9999"),
        policy("ttl", "604800001"),
        policy("ttl", "true"),
        policy("lowPriority", "1"),
        policy("lowPriority", "\"yes\""),
        webhook("file:///etc/passwd"),
        webhook("gopher://a.test/"),
        webhook("javascript:alert(1)"),
        webhook("//a.test/x"),
        webhook("/x"),
        webhook(""),
        webhook("http://"),
        webhook("http:///x"),
        webhook("http://user:pass@a.test/"),
        webhook("http://a.test:99999/"),
        webhook("http://a b.test/"),
        webhook("http://a.test/\\r\\nX: 1"),
        webhook("http://аpple.test/"),
        webhook("http://a.test/" + "x".repeat(9_000)),
        webhook("http://127.0.0.1:8080/"),
        webhook("http://169.254.169.254/latest/meta-data/"),
        webhook("http://10.2.0.1/"),
        webhook("http://[::ffff:10.1.2.3]/"),
        webhook("http://2130706433/"),
        webhook("http://localhost/"),
        webhook("http://a.test/#f"),
        webhook("http://a.test:22/"),
        run(
            "webhook an object",
            "{\"input\":1,\"webhook\":{\"url\":\"http://a.test\"}}",
            400,
            "invalid-request",
            "/webhook"),
        run(
            "webhookV2 wrong, webhook right",
            "{\"input\":1,\"webhook\":\"http://a.test\",\"webhookV2\":\"ftp://a.test\"}",
            400,
            "invalid-request",
            "/webhookV2"),
        secretName("none of the endpoint's", "\"webhook\":\"http://a.test\"", "\"customer-z\""),
        secretName("a key", "\"webhook\":\"http://a.test\"", "\"whsec_MfKQ9r8GKYqrTwjUPD8ILPZI\""),
        secretName("empty", "\"webhook\":\"http://a.test\"", "\"\""),
        secretName("a number", "\"webhook\":\"http://a.test\"", "1"),
        secretName("a list", "\"webhook\":\"http://a.test\"", "[\"customer-a\"]"),
        secretName("without a webhook", "\"webhook\":null", "\"customer-a\""));
  }

  private static Stream<Arguments> framing() {
    var body = "{\"input\":1}";
    return Stream.of(
        raw(
            "length and chunks",
            head("POST /run HTTP/1.1", "Content-Length: 11", "Transfer-Encoding: chunked") + body,
            400),
        raw(
            "two lengths",
            head("POST /run HTTP/1.1", "Content-Length: 11", "Content-Length: 12") + body,
            400),
        raw("a negative length", head("POST /run HTTP/1.1", "Content-Length: -1") + body, 400),
        raw(
            "an unknown transfer coding",
            head("POST /run HTTP/1.1", "Transfer-Encoding: xchunked") + body,
            400),
        raw(
            "a bad chunk size",
            head("POST /run HTTP/1.1", "Transfer-Encoding: chunked") + "zz\r\n" + body,
            400),
        raw(
            "a body that never comes",
            head("POST /run HTTP/1.1", "Content-Length: 11") + "{\"in",
            408,
            "request-timeout"),
        raw("an unknown expectation", head("POST /run HTTP/1.1", "Expect: foo"), 417),
        raw("no host", "POST /run HTTP/1.1\r\n\r\n", 400),
        raw("two hosts", "GET /health HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400),
        raw("a host with a blank", "GET /health HTTP/1.1\r\nHost: a b\r\n\r\n", 400),
        raw("a folded header", head("GET /health HTTP/1.1", "X: 1\r\n 2"), 400),
        raw("a blank before the colon", head("GET /health HTTP/1.1", "X : 1"), 400),
        raw("NUL in a header", head("GET /health HTTP/1.1", "X: \0"), 400),
        raw("bare line feeds", "GET /health HTTP/1.1\nHost: a\n\n", 400),
        raw("a header of 20 KB", head("GET /health HTTP/1.1", "X: " + "x".repeat(20_000)), 431),
        raw("a URI of 20 KB", head("GET /" + "x".repeat(20_000) + " HTTP/1.1"), 414),
        raw("HTTP/3.0", head("GET /health HTTP/3.0"), 505),
        raw("HTTP/0.9", "GET /health\r\n", 505),
        raw(
            "TLS on the plain port",
            "\u0016\u0003\u0001\u0000\u00a5\u0001\u0000\u0000\r\n\r\n",
            400));
  }

  private static Stream<Arguments> paths() {
    return Stream.of(
        raw("GET run", head("GET /v2/default/run HTTP/1.1"), 405, "method-not-allowed"),
        raw("PUT runsync", head("PUT /runsync HTTP/1.1", "Content-Length: 0"), 405),
        raw("DELETE status", head("DELETE /status/x HTTP/1.1"), 405),
        raw("POST health", head("POST /health HTTP/1.1", "Content-Length: 0"), 405),
        raw("PATCH run", head("PATCH /run HTTP/1.1", "Content-Length: 0"), 405),
        raw("TRACE", head("TRACE /run HTTP/1.1"), 405),
        raw("FOO", head("FOO /run HTTP/1.1"), 405),
        raw("an unknown path", head("GET /nowhere HTTP/1.1"), 404, "unknown-path"),
        raw("the root", head("GET /v2 HTTP/1.1"), 404, "unknown-path"),
        raw("an unknown endpoint", head("GET /v2/nobody/health HTTP/1.1"), 404, "unknown-endpoint"),
        raw("an illegal endpoint", head("GET /v2/A%2Eb/health HTTP/1.1"), 404, "unknown-endpoint"),
        post(
            "run on an unknown endpoint",
            "/v2/nobody/run",
            "",
            "{\"input\":1}",
            404,
            "unknown-endpoint"),
        raw("an unknown id", head("GET /status/nobody HTTP/1.1"), 404, "unknown-job"),
        raw("history of an unknown id", head("GET /history/nobody HTTP/1.1"), 404, "unknown-job"),
        post("cancel an unknown id", "/cancel/nobody", "", "{}", 404, "unknown-job"),
        raw("dots", head("GET /status/%2e%2e HTTP/1.1"), 404),
        raw("a path out of the tree", head("GET /status/..%2f..%2fetc HTTP/1.1"), 404),
        raw("two slashes", head("GET /status//x HTTP/1.1"), 404),
        raw("a slash in an id", head("GET /status/a%2Fb HTTP/1.1"), 404),
        raw("a line break in an id", head("GET /status/a%0d%0aX:1 HTTP/1.1"), 404),
        raw("NUL in an id", head("GET /status/a%00 HTTP/1.1"), 400),
        raw("a bad escape", head("GET /status/a%zz HTTP/1.1"), 400),
        raw("bad UTF-8 in an id", head("GET /status/a%ff HTTP/1.1"), 400),
        raw("a path parameter", head("GET /status/x;a=b HTTP/1.1"), 404),
        raw("an id of 5,000", head("GET /status/" + "x".repeat(5_000) + " HTTP/1.1"), 404),
        raw("an id of 65", head("GET /status/" + "x".repeat(65) + " HTTP/1.1"), 404),
        raw("an emoji id", head("GET /status/%F0%9F%98%80 HTTP/1.1"), 404, "unknown-job"),
        raw("another host", "GET http://evil.test/health HTTP/1.1\r\nHost: a\r\n\r\n", 400));
  }

  private static Stream<Arguments> parameters() {
    return Stream.of(
        post("wait=abc", "/runsync?wait=abc", "", "{\"input\":1}", 400, "invalid-wait"),
        post("wait=-1", "/runsync?wait=-1", "", "{\"input\":1}", 400, "invalid-wait"),
        post("wait=999", "/runsync?wait=999", "", "{\"input\":1}", 400, "invalid-wait"),
        post("wait=300001", "/runsync?wait=300001", "", "{\"input\":1}", 400, "invalid-wait"),
        post(
            "wait twice", "/runsync?wait=1000&wait=2000", "", "{\"input\":1}", 400, "invalid-wait"),
        post("wait empty", "/runsync?wait=", "", "{\"input\":1}", 400, "invalid-wait"),
        raw(
            "status-sync?wait=abc",
            head("GET /status-sync/x?wait=abc HTTP/1.1"),
            400,
            "invalid-wait"),
        raw("a key in the query", head("GET /health?api_key=x HTTP/1.1"), 400, "key-in-query"),
        key("empty", ""),
        key("300 characters", "k".repeat(300)),
        key("with a blank", "a b"),
        key("not ASCII", "kéy"),
        key("twice", "a\r\nIdempotency-Key: b"));
  }

  static Stream<Arguments> taken() {
    return Stream.of(
        run("a huge number", "{\"input\":1e400}", 200, ""),
        run("input null", "{\"input\":null}", 200, ""),
        run("input empty", "{\"input\":{}}", 200, ""),
        run("input a text, last", "{\"webhook\":null,\"policy\":null,\"input\":\"x\" }", 200, ""),
        run("400 digits", "{\"input\":" + "9".repeat(400) + "}", 200, ""),
        run("an escaped NUL", "{\"input\":{\"\\u0000\":\"\\u0000\"}}", 200, ""),
        run("an escaped pair", "{\"input\":\"\\ud83d\\ude00 \\\\ud800\"}", 200, ""),
        run("four-byte UTF-8", "{\"input\":\"😀é€\"}", 200, ""),
        run("a byte order mark", "\ufeff{\"input\":1}", 200, ""),
        run(
            "99 objects deep",
            "{\"input\":" + "{\"a\":".repeat(99) + "1" + "}".repeat(99) + "}",
            200,
            ""),
        run("unknown members", "{\"timeout\":5,\"s3Config\":{},\"input\":1}", 200, ""),
        run("an IPv6 receiver", "{\"input\":1,\"webhook\":\"http://[2600::1]:80/x\"}", 200, ""),
        run("a listed receiver", "{\"input\":1,\"webhook\":\"http://10.1.2.3/x\"}", 200, ""),
        run(
            "a secret of the endpoint",
            "{\"input\":1,\"webhook\":\"http://a.test\",\"webhookSecretName\":\"customer-a\"}",
            200,
            ""),
        post("no content type", "/run", "", "{\"input\":1}", 200, ""),
        post(
            "another JSON type",
            "/run",
            "Content-Type: application/vnd.x+json;charset=\"UTF-8\"\r\n",
            "{\"input\":1}",
            200,
            ""),
        post("odd query pairs", "/run?&&a=b&c&d=%zz&e=%&%ff=%ff", "", "{\"input\":1}", 200, ""),
        post("10 MB", "/run", "", json(10_000_000), 200, ""),
        post("20 MB", "/runsync?wait=1000", "", json(20_000_000), 200, ""),
        raw(
            "chunks",
            head("POST /run HTTP/1.1", "Transfer-Encoding: chunked")
                + "5\r\n{\"inp\r\n6\r\nut\":1}\r\n0\r\n\r\n",
            200),
        raw("HTTP/1.0", "GET /health HTTP/1.0\r\n\r\n", 200));
  }

  static Stream<Arguments> options() {
    return Stream.of(
        Arguments.of("/v2/default/run", "OPTIONS, POST"),
        Arguments.of("/status/x", "GET, HEAD, OPTIONS, POST"),
        Arguments.of("/health", "GET, HEAD, OPTIONS"));
  }

  /** Request line and headers; the connection is closed after the answer. */
  static String head(String line, String... headers) {
    var text = new StringBuilder(line).append("\r\nHost: localhost\r\nConnection: close\r\n");
    for (var header : headers) {
      text.append(header).append("\r\n");
    }
    return text.append("\r\n").toString();
  }

  private static Arguments run(String name, String body, int status, String code) {
    return run(name, body, status, code, "");
  }

  private static Arguments run(String name, byte[] body, int status, String code) {
    return post(name, "/run", "Content-Type: application/json\r\n", body, status, code, "");
  }

  private static Arguments run(String name, String body, int status, String code, String pointer) {
    return post(
        name,
        "/v2/default/run",
        "Content-Type: application/json\r\n",
        body.getBytes(UTF_8),
        status,
        code,
        pointer);
  }

  private static Arguments policy(String name, String value) {
    return run(
        "policy." + name + " " + value,
        "{\"input\":1,\"policy\":{\"%s\":%s}}".formatted(name, value),
        400,
        "invalid-request",
        "/policy/" + name);
  }

  private static Arguments webhook(String url) {
    return run(
        "webhook " + url.substring(0, Math.min(30, url.length())),
        "{\"input\":1,\"webhook\":\"%s\"}".formatted(url),
        400,
        "invalid-request",
        "/webhook");
  }

  private static Arguments secretName(String name, String webhook, String value) {
    return run(
        "webhookSecretName " + name,
        "{\"input\":1,%s,\"webhookSecretName\":%s}".formatted(webhook, value),
        400,
        "invalid-request",
        "/webhookSecretName");
  }

  private static Arguments key(String name, String key) {
    return post(
        "Idempotency-Key " + name,
        "/run",
        "Idempotency-Key: " + key + "\r\n",
        "{\"input\":1}",
        400,
        "invalid-idempotency-key");
  }

  private static Arguments post(
      String name, String path, String headers, String body, int status, String code) {
    return post(name, path, headers, body.getBytes(UTF_8), status, code, "");
  }

  private static Arguments post(
      String name, String path, String headers, byte[] body, int status, String code) {
    return post(name, path, headers, body, status, code, "");
  }

  private static Arguments post(
      String name,
      String path,
      String headers,
      byte[] body,
      int status,
      String code,
      String pointer) {
    var head =
        head("POST " + path + " HTTP/1.1", headers + "Content-Length: " + body.length)
            .getBytes(UTF_8);
    var all = Arrays.copyOf(head, head.length + body.length);
    System.arraycopy(body, 0, all, head.length, body.length);
    return argumentSet(name, all, status, code, pointer);
  }

  private static Arguments raw(String name, String request, int status) {
    return raw(name, request, status, "");
  }

  private static Arguments raw(String name, String request, int status, String code) {
    return argumentSet(name, request.getBytes(ISO_8859_1), status, code, "");
  }

  private static byte[] json(String text, Charset charset) {
    return text.getBytes(charset);
  }

  /** A submit of exactly so many bytes. */
  private static byte[] json(int length) {
    var frame = "{\"input\":\"\"}";
    return ("{\"input\":\"" + "x".repeat(length - frame.length()) + "\"}").getBytes(UTF_8);
  }
}
