package io.tallyman.chaos.check;

import io.tallyman.chaos.history.ClientCall;
import io.tallyman.chaos.history.ContainerSighting;
import io.tallyman.chaos.history.RedisSighting;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** All that a history says of one job, each list in the order of the log or of time. */
final class JobFile {

  final String id;

  /** By partition and offset. */
  final List<Event> events = new ArrayList<>();

  final List<Command> commands = new ArrayList<>();
  final List<Rejection> rejections = new ArrayList<>();

  /** Those whose job is known, by the time they began. */
  final List<ClientCall> calls = new ArrayList<>();

  final List<ContainerSighting> containers = new ArrayList<>();
  final List<RedisSighting> redis = new ArrayList<>();
  final List<Delivery> deliveries = new ArrayList<>();
  final List<WebhookReport> attempts = new ArrayList<>();
  final List<WebhookReport> deadLetters = new ArrayList<>();

  JobFile(String id) {
    this.id = id;
  }

  /** The event of that sequence. */
  Optional<Event> event(long sequence) {
    // Nearly always right; what I6 finds is looked for.
    if (sequence >= 1
        && sequence <= events.size()
        && events.get((int) sequence - 1).sequence() == sequence) {
      return Optional.of(events.get((int) sequence - 1));
    }
    return events.stream().filter(event -> event.sequence() == sequence).findFirst();
  }

  /** What it was asked to do, if the log has its beginning. */
  Optional<Event.Request> request() {
    return events.stream().filter(event -> event.is("JobQueued")).findFirst().map(Event::request);
  }

  Optional<Event> last() {
    return events.isEmpty() ? Optional.empty() : Optional.of(events.getLast());
  }

  /** Whether somebody asked for it again after it had ended: then it has more than one end. */
  boolean isRetried() {
    return commands.stream().anyMatch(command -> command.is("Retry"));
  }
}
