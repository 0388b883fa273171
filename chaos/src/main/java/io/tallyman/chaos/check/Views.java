package io.tallyman.chaos.check;

import io.tallyman.chaos.json.Json;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;

/** The status document of a job from one of its events on, made anew from what is documented. */
final class Views {

  /** The documents that were found to be true, by sequence: most are read again and again. */
  private final Map<Long, String> known = new HashMap<>();

  private final JobFile job;

  Views(JobFile job) {
    this.job = job;
  }

  /** Whether the text is the document of that event; of sequence 0, of a job without events. */
  boolean isView(long sequence, String text) {
    if (text.equals(known.get(sequence))) {
      return true;
    }
    var actual = Json.parse(text);
    var isTrue = actual.isPresent() && expected(sequence).equals(actual);
    if (isTrue) {
      known.put(sequence, text);
    }
    return isTrue;
  }

  /** The document; empty when there is no such event. */
  private Optional<Json> expected(long sequence) {
    return sequence == 0
        ? Json.parse("{\"id\":\"%s\",\"status\":\"IN_QUEUE\"}".formatted(job.id))
        : job.event(sequence).map(Views::view);
  }

  private static Json view(Event event) {
    var record = Json.parse(event.record().value()).orElseThrow();
    var members = new StringBuilder("{");
    member(members, "id", '"' + event.job() + '"');
    member(members, "status", '"' + event.status() + '"');
    if (event.isEnd() || event.delayTime() >= 0) {
      member(members, "delayTime", Math.max(0, event.delayTime()));
      member(members, "workerId", '"' + (event.runner() == null ? "" : event.runner()) + '"');
    }
    if (event.isEnd()) {
      member(members, "executionTime", Math.max(0, event.executionTime()));
    }
    if (event.is("JobCompleted") && record.at("output").exists()) {
      member(members, "output", record.at("output"));
    }
    if (record.at("error").isThere()) {
      member(members, "error", record.at("error"));
    }
    if (event.attempt() > 1) {
      member(members, "retries", event.attempt() - 1);
    }
    members.append('}');
    return Json.parse(members.toString()).orElseThrow();
  }

  private static void member(StringBuilder members, String name, Object value) {
    if (members.length() > 1) {
      members.append(',');
    }
    members.append('"').append(name).append("\":").append(value);
  }
}
