package io.tallyman.chaos.check;

import io.tallyman.chaos.history.ClientCall;
import io.tallyman.chaos.history.History;
import io.tallyman.chaos.history.LogRecord;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;

/** A history, read and sorted by job. */
final class Facts {

  private static final Comparator<LogRecord> LOG_ORDER =
      Comparator.comparing(LogRecord::topic)
          .thenComparingInt(LogRecord::partition)
          .thenComparingLong(LogRecord::offset);

  final History history;
  final Faults faults;

  /** Of the topics that carry facts and orders: what nobody can read, by what is documented. */
  final List<LogRecord> unreadable = new ArrayList<>();

  /**
   * What can be read, by or about a job that somebody knows, and has a dead letter all the same.
   */
  final List<LogRecord> buried = new ArrayList<>();

  /** By partition and offset. */
  final List<Event> events = new ArrayList<>();

  final List<Delivery> deliveries = new ArrayList<>();

  /** All calls, by the time they began. */
  final List<ClientCall> calls;

  private final Map<String, JobFile> jobs = new LinkedHashMap<>();
  private final Set<String> deadLetters;

  Facts(History history) {
    this.history = history;
    this.faults = Faults.of(history.faults(), history.run().healedAt());
    this.calls =
        history.calls().stream().sorted(Comparator.comparingLong(ClientCall::calledAt)).toList();
    this.deadLetters =
        history.log().stream()
            .filter(record -> record.topic().equals("dead-letters"))
            .map(record -> record.headers().getOrDefault("tallyman-origin", ""))
            .collect(Collectors.toSet());
    for (var call : calls) {
      var job = call.job();
      if (job != null) {
        file(job).calls.add(call);
      }
    }
    history.log().stream().sorted(LOG_ORDER).forEach(this::read);
    for (var received : history.received()) {
      var delivery = Messages.delivery(received);
      deliveries.add(delivery);
      file(delivery.job()).deliveries.add(delivery);
    }
    history.containers().forEach(sighting -> file(sighting.job()).containers.add(sighting));
    history.redis().stream()
        .filter(sighting -> sighting.key().startsWith("job:"))
        .forEach(sighting -> file(sighting.key().substring("job:".length())).redis.add(sighting));
    jobs.values().forEach(Facts::sort);
  }

  /** The jobs that the log knows, and those that only others speak of. */
  Collection<JobFile> jobs() {
    return jobs.values();
  }

  /** All about that job, which may be nothing. */
  JobFile file(String job) {
    return jobs.computeIfAbsent(job, JobFile::new);
  }

  private void read(LogRecord record) {
    switch (record.topic()) {
      case "job-events" -> Messages.event(record).ifPresentOrElse(this::add, () -> poison(record));
      case "job-commands" ->
          Messages.command(record).ifPresentOrElse(this::add, () -> poison(record));
      case "job-rejections" ->
          Messages.rejection(record)
              .ifPresent(rejection -> file(rejection.job()).rejections.add(rejection));
      case "webhook-attempts" ->
          Messages.webhook(record).ifPresent(report -> file(report.job()).attempts.add(report));
      case "webhook-dead-letters" ->
          Messages.webhook(record).ifPresent(report -> file(report.job()).deadLetters.add(report));
      default -> {
        if (record.topic().startsWith("job-dispatch.") && !Messages.isDispatch(record)) {
          poison(record);
        }
      }
    }
  }

  private void add(Event event) {
    if (isBuried(event.record(), event.job())) {
      return;
    }
    events.add(event);
    file(event.job()).events.add(event);
  }

  private void add(Command command) {
    if (!isBuried(command.record(), command.job())) {
      file(command.job()).commands.add(command);
    }
  }

  private void poison(LogRecord record) {
    unreadable.add(record);
  }

  /** The product reads more strictly than we do; only of what is surely good it must not. */
  private boolean isBuried(LogRecord record, String job) {
    if (!deadLetters.contains(position(record))) {
      return false;
    }
    var isKnown = jobs.containsKey(job) && !file(job).calls.isEmpty();
    (isKnown ? buried : unreadable).add(record);
    return true;
  }

  /** Such as {@code job-commands-2@17}, as dead letters name it. */
  static String position(LogRecord record) {
    return "%s-%d@%d".formatted(record.topic(), record.partition(), record.offset());
  }

  private static void sort(JobFile job) {
    job.containers.sort(Comparator.comparingLong(sighting -> sighting.at()));
    job.redis.sort(Comparator.comparingLong(sighting -> sighting.at()));
    job.deliveries.sort(Comparator.comparingLong(Delivery::at));
  }
}
