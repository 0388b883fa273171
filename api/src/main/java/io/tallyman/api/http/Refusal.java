package io.tallyman.api.http;

import io.tallyman.api.http.Problem.Place;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * A request that is answered with a {@link Problem}. Expected, cheap (no stack trace), and caught
 * in one place. Each 503 says when to repeat the request ({@code Retry-After}, RFC 9110 10.2.3):
 * after 1 s, when its headers do not say otherwise.
 */
final class Refusal extends RuntimeException {

  private static final long serialVersionUID = 1L;

  private static final String RETRY_AFTER = "Retry-After";

  private final int status;
  private final String code;
  private final String detail;
  private final transient List<Place> places;
  private final transient Map<String, String> headers;

  Refusal(int status, String code, String detail, List<Place> places, Map<String, String> headers) {
    super(detail, null, false, false);
    this.status = status;
    this.code = code;
    this.detail = detail;
    this.places = List.copyOf(places);
    this.headers = status == 503 ? withRetry(headers) : Map.copyOf(headers);
  }

  /** With neither places nor headers. */
  static Refusal of(int status, String code, String detail) {
    return new Refusal(status, code, detail, List.of(), Map.of());
  }

  /** 400 about one place of the body. */
  static Refusal at(String pointer, String code, String detail) {
    return new Refusal(400, code, detail, List.of(new Place(pointer, detail)), Map.of());
  }

  int status() {
    return status;
  }

  Map<String, String> headers() {
    return headers;
  }

  Problem problem(String path) {
    return Problem.of(status, code, detail, path, places);
  }

  private static Map<String, String> withRetry(Map<String, String> headers) {
    var all = new HashMap<>(headers);
    all.putIfAbsent(RETRY_AFTER, "1");
    return Map.copyOf(all);
  }
}
