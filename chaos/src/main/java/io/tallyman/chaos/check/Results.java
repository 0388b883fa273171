package io.tallyman.chaos.check;

import io.tallyman.chaos.history.ClientCall;
import io.tallyman.chaos.json.Json;
import java.util.Optional;
import java.util.regex.Pattern;

/**
 * I10: a program prints {@code {"hash": sha256(seed:attempt)}} when it succeeds, so a result tells
 * whose it is. The seed is that of the client's own request, where the client knows its job.
 */
final class Results {

  private static final Pattern FAILS = Pattern.compile("fail|hang|exit-(?!0$).*");

  private Results() {}

  static void judge(Facts facts, Findings findings) {
    for (var event : facts.events) {
      if (event.is("JobCompleted")) {
        request(facts.file(event.job()))
            .filter(request -> !request.seed().isEmpty())
            .ifPresent(request -> judge(event, request, findings));
      }
    }
  }

  private static void judge(Event event, Event.Request request, Findings findings) {
    findings.judged(Invariant.I10);
    if (FAILS.matcher(request.program()).matches()) {
      findings.broken(
          Invariant.I10,
          event.job(),
          event.at(),
          "Expected the program '%s' never to succeed".formatted(request.program()),
          event);
      return;
    }
    var expected = Texts.sha256(request.seed() + ":" + event.attempt());
    var actual =
        Json.parse(event.record().value())
            .flatMap(json -> json.text("output", "hash"))
            .orElse("nothing");
    if (!actual.equals(expected)) {
      findings.broken(
          Invariant.I10,
          event.job(),
          event.at(),
          "Expected the result of seed %s, attempt %d, which is %s, but found %s"
              .formatted(request.seed(), event.attempt(), expected, actual),
          event);
    }
  }

  private static Optional<Event.Request> request(JobFile job) {
    return job.calls.stream()
        .filter(call -> call.operation().equals("run"))
        .map(ClientCall::request)
        .flatMap(body -> Json.parse(body).map(Messages::request).stream())
        .findFirst()
        .or(job::request);
  }
}
