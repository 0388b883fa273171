package io.tallyman.chaos.check;

import io.tallyman.chaos.history.ClientCall;
import io.tallyman.chaos.history.ContainerSighting;
import io.tallyman.chaos.history.History;
import io.tallyman.chaos.history.LogRecord;
import io.tallyman.chaos.history.Received;
import io.tallyman.chaos.history.RedisSighting;
import io.tallyman.chaos.history.Run;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Objects;
import java.util.function.Function;
import java.util.function.Predicate;
import java.util.function.UnaryOperator;

/** A history being changed. Every change must hit something, or it would prove nothing. */
final class Edit {

  private final History before;
  final List<ClientCall> calls;
  final List<LogRecord> log;
  final List<Received> received;
  final List<ContainerSighting> containers;
  final List<RedisSighting> redis;
  private Run run;

  Edit(History before) {
    this.before = before;
    this.calls = new ArrayList<>(before.calls());
    this.log = new ArrayList<>(before.log());
    this.received = new ArrayList<>(before.received());
    this.containers = new ArrayList<>(before.containers());
    this.redis = new ArrayList<>(before.redis());
    this.run = before.run();
  }

  History done() {
    return new History(
        run, calls, log, received, containers, redis, before.faults(), before.services());
  }

  /** The last job that went through this. */
  String job(String kind) {
    return log.stream()
        .filter(record -> record.topic().equals("job-events"))
        .map(LogRecord::key)
        .filter(Objects::nonNull)
        .filter(key -> key.startsWith(kind + "-"))
        .reduce((_, last) -> last)
        .orElseThrow();
  }

  void run(UnaryOperator<Run> change) {
    run = change.apply(run);
  }

  /** Changes what matches; removes it where there is nothing to put in its place. */
  static <T> void each(List<T> list, Predicate<T> which, Function<T, List<T>> change) {
    var changed = new ArrayList<T>();
    var hits = 0;
    for (var one : list) {
      if (which.test(one)) {
        hits++;
        changed.addAll(change.apply(one));
      } else {
        changed.add(one);
      }
    }
    if (hits == 0) {
      throw new AssertionError("Expected something to change, but nothing matches");
    }
    list.clear();
    list.addAll(changed);
  }

  static <T> void remove(List<T> list, Predicate<T> which) {
    each(list, which, _ -> List.of());
  }

  static <T> T find(List<T> list, Predicate<T> which) {
    return list.stream().filter(which).findFirst().orElseThrow();
  }

  static <T> T last(List<T> list, Predicate<T> which) {
    return list.stream().filter(which).reduce((_, second) -> second).orElseThrow();
  }

  /** Event {@code sequence} of the job. */
  static Predicate<LogRecord> event(String job, long sequence) {
    return record ->
        record.topic().equals("job-events")
            && (job + ":" + sequence).equals(record.headers().get("ce_id"));
  }

  /** The event of that wire name. */
  static Predicate<LogRecord> event(String job, String type) {
    return record ->
        record.topic().equals("job-events")
            && job.equals(record.key())
            && ("io.tallyman.job." + type + ".v1").equals(record.headers().get("ce_type"));
  }

  static Predicate<LogRecord> on(String topic, String job) {
    return record -> record.topic().equals(topic) && job.equals(record.key());
  }

  static Predicate<ClientCall> call(String job, String operation) {
    return call -> job.equals(call.job()) && call.operation().equals(operation);
  }

  static Predicate<Received> received(String job, long sequence, int attempt) {
    return received ->
        ("msg_" + job + "_" + sequence).equals(received.headers().get("webhook-id"))
            && Integer.toString(attempt).equals(received.headers().get("webhook-attempt"));
  }

  void value(Predicate<LogRecord> which, UnaryOperator<String> change) {
    each(log, which, record -> List.of(withValue(record, change)));
  }

  /** Moves an event in time. */
  void shift(Predicate<LogRecord> which, long millis) {
    each(
        log,
        which,
        record -> {
          var was = Instant.ofEpochMilli(record.timestamp());
          var is = was.plusMillis(millis);
          var moved =
              withValue(record, value -> value.replace("\"time\":\"" + was, "\"time\":\"" + is));
          return List.of(
              new LogRecord(
                  moved.topic(),
                  moved.partition(),
                  moved.offset(),
                  is.toEpochMilli(),
                  moved.key(),
                  moved.headers(),
                  moved.value()));
        });
  }

  static LogRecord withValue(LogRecord record, UnaryOperator<String> change) {
    var value = change.apply(String.valueOf(record.value()));
    if (value.equals(record.value())) {
      throw new AssertionError("Expected a change of " + record.value());
    }
    return new LogRecord(
        record.topic(),
        record.partition(),
        record.offset(),
        record.timestamp(),
        record.key(),
        record.headers(),
        value);
  }

  static LogRecord at(LogRecord record, int partition, long offset) {
    return new LogRecord(
        record.topic(),
        partition,
        offset,
        record.timestamp(),
        record.key(),
        record.headers(),
        record.value());
  }

  static LogRecord withHeader(LogRecord record, String name, String value) {
    var headers = new LinkedHashMap<>(record.headers());
    headers.put(name, value);
    return new LogRecord(
        record.topic(),
        record.partition(),
        record.offset(),
        record.timestamp(),
        record.key(),
        headers,
        record.value());
  }

  /** A delivery with other contents, signed as if the dispatcher had sent them. */
  static Received signed(Received received, long seconds, String body) {
    var headers = new LinkedHashMap<>(received.headers());
    headers.put("webhook-timestamp", Long.toString(seconds));
    headers.put(
        "webhook-signature",
        MadeWebhooks.sign(String.valueOf(received.headers().get("webhook-id")), seconds, body));
    return new Received(received.at(), received.path(), headers, body, received.answer());
  }

  static Received at(Received received, long at) {
    return new Received(
        at, received.path(), received.headers(), received.body(), received.answer());
  }

  static ContainerSighting at(ContainerSighting sighting, long at) {
    return new ContainerSighting(
        at, sighting.kind(), sighting.id(), sighting.job(), sighting.attempt(), sighting.runner());
  }

  static ClientCall answered(
      ClientCall call, String job, ClientCall.Outcome outcome, int status, String response) {
    return new ClientCall(
        call.calledAt(),
        call.endedAt(),
        call.client(),
        call.operation(),
        job.isEmpty() ? null : job,
        call.key(),
        call.request(),
        outcome,
        status,
        response);
  }
}
