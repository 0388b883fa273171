package io.tallyman.chaos.check;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.tallyman.chaos.history.Received;
import java.security.GeneralSecurityException;
import java.util.Base64;
import java.util.LinkedHashMap;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

/** The webhooks of a made-up job: one after the other, each as often as its receiver asks for. */
final class MadeWebhooks {

  static final String SECRET =
      "whsec_" + Base64.getEncoder().encodeToString("a secret of the test".getBytes(UTF_8));
  static final int ATTEMPTS = 3;
  static final long DELAY = 2_000;

  private final Scribe scribe;
  private final MadeJob job;
  private final String path;

  MadeWebhooks(Scribe scribe, MadeJob job, String path) {
    this.scribe = scribe;
    this.job = job;
    this.path = path;
  }

  /**
   * Tells of all events.
   *
   * @param killedAt a dispatcher was killed then, and what it was told in the second before is told
   *     again when it is back
   */
  void tell(long killedAt, long backAt) {
    var free = 0L;
    for (var event : job.shown) {
      free = tell(event, Math.max(free, event.time() + 20));
    }
    var again = backAt + 300;
    for (var event : job.shown) {
      if (event.time() > killedAt - 1_000 && event.time() < killedAt) {
        again = tell(event, again) + 10;
      }
    }
  }

  private long tell(MadeJob.Shown event, long from) {
    var at = from;
    for (int attempt = 1; attempt <= ATTEMPTS; attempt++) {
      var answer = answer(attempt);
      request(event, at, attempt, answer);
      if (answer == 200) {
        return at + 15;
      }
      if (attempt < ATTEMPTS) {
        at += 10 + DELAY + 5;
      }
    }
    return at + 15;
  }

  private int answer(int attempt) {
    return switch (path) {
      case "flaky" -> attempt == 1 ? 500 : 200;
      case "drop" -> attempt == 1 ? 0 : 200;
      case "broken" -> 500;
      default -> 200;
    };
  }

  private void request(MadeJob.Shown event, long at, int attempt, int answer) {
    var id = "msg_%s_%d".formatted(job.id, event.sequence());
    var seconds = (Scribe.START + at) / 1_000;
    var body = event.view().replaceFirst(",\"workerId\":\"[^\"]*\"", "");
    var headers = new LinkedHashMap<String, String>();
    headers.put("webhook-id", id);
    headers.put("webhook-timestamp", Long.toString(seconds));
    headers.put("webhook-attempt", Integer.toString(attempt));
    headers.put("webhook-sequence", Long.toString(event.sequence()));
    headers.put("webhook-signature", sign(id, seconds, body));
    scribe.received.add(new Received(Scribe.at(at + 2), "/" + path, headers, body, answer));
    var isFinal = answer == 200 || attempt == ATTEMPTS;
    report("webhook-attempts", event, id, at, attempt, answer, isFinal);
    if (isFinal && answer != 200) {
      report("webhook-dead-letters", event, id, at, attempt, answer, true);
    }
  }

  private void report(
      String topic,
      MadeJob.Shown event,
      String id,
      long at,
      int attempt,
      int answer,
      boolean isFinal) {
    scribe.log(
        topic,
        at + 10,
        job.id,
        "webhook.attempted",
        id + ":" + attempt,
        """
        {"webhookId":"%s","jobId":"%s","sequence":%d,"attempt":%d,"url":"http://127.0.0.1:9/%s",\
        "time":"%s","duration":10,"outcome":"%s","detail":"","isFinal":%s}\
        """
            .formatted(
                id,
                job.id,
                event.sequence(),
                attempt,
                path,
                Scribe.iso(at),
                answer == 200 ? "delivered" : answer == 0 ? "connect" : "status",
                isFinal));
  }

  static String sign(String id, long seconds, String body) {
    try {
      var mac = Mac.getInstance("HmacSHA256");
      var key = Base64.getDecoder().decode(SECRET.substring("whsec_".length()));
      mac.init(new SecretKeySpec(key, "HmacSHA256"));
      var content = "%s.%d.%s".formatted(id, seconds, body);
      return "v1," + Base64.getEncoder().encodeToString(mac.doFinal(content.getBytes(UTF_8)));
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException(e);
    }
  }
}
