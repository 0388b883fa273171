package io.tallyman.chaos.http;

import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/**
 * How the receiver answers: as the path of the URL says, so it is written in each job's own log.
 *
 * <ul>
 *   <li>{@code /ok}: 200
 *   <li>{@code /flaky/<n>}: 500 to the first n deliveries of each webhook id, then 200
 *   <li>{@code /drop/<n>}: no answer, the connection closed, to the first n of each; then 200
 *   <li>{@code /busy/<n>}: 503 with {@code Retry-After: 1} to the first n of each; then 200
 *   <li>{@code /slow/<ms>}: 200 after so long
 *   <li>{@code /broken}: 500, always
 *   <li>all else: 404
 * </ul>
 */
final class ReceiverScript {

  private final Map<String, Integer> deliveries = new ConcurrentHashMap<>();

  /**
   * What happens next on a connection.
   *
   * @param status 0: it is closed instead
   */
  record Step(int status, int delayMillis, String headers) {

    /** The whole answer; its body is empty. */
    String answer() {
      return "HTTP/1.1 %d Scripted\r\nContent-Length: 0\r\n%s\r\n".formatted(status, headers);
    }
  }

  /** What is done with a delivery. */
  Step next(String path, String webhookId) {
    var delivery = deliveries.merge(path + " " + webhookId, 1, Integer::sum);
    var parts = path.split("/", -1);
    var number = parts.length > 2 && parts[2].matches("\\d{1,5}") ? Integer.parseInt(parts[2]) : 0;
    return switch (parts.length > 1 ? parts[1] : "") {
      case "ok" -> answer(200);
      case "flaky" -> answer(delivery <= number ? 500 : 200);
      case "drop" -> answer(delivery <= number ? 0 : 200);
      case "busy" -> delivery <= number ? new Step(503, 0, "Retry-After: 1\r\n") : answer(200);
      case "slow" -> new Step(200, number, "");
      case "broken" -> answer(500);
      default -> answer(404);
    };
  }

  private static Step answer(int status) {
    return new Step(status, 0, "");
  }
}
