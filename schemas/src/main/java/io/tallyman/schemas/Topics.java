package io.tallyman.schemas;

import io.tallyman.schemas.job.Dispatch;
import io.tallyman.schemas.job.EndpointName;
import io.tallyman.schemas.job.JobCommand;
import io.tallyman.schemas.job.JobEvent;
import io.tallyman.schemas.job.JobOutput;
import io.tallyman.schemas.job.Rejection;
import io.tallyman.schemas.job.RunnerControl;
import io.tallyman.schemas.job.RunnerHeartbeat;
import io.tallyman.schemas.job.WebhookAttempt;
import io.tallyman.schemas.job.WebhookRedelivery;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * The one table of topics: the only way the services meet. Keys are UTF-8 text, values are JSON
 * (see {@link MessageTypes}), the partition follows from the key by Kafka's default partitioner.
 */
public final class Topics {

  /**
   * Largest record, 24 MiB: RunPod's largest request (20 MB on {@code /runsync}) with room for what
   * we add. Broker, producers, consumers and changelogs are all set to it.
   */
  public static final int MAX_RECORD_BYTES = 24 * 1024 * 1024;

  private static final Duration FOR_EVER = Duration.ofMillis(-1);

  /** Commands, and what must line up with them partition by partition. */
  private static final int PARTITIONS = 4;

  /**
   * One: a share group needs no partitions to work side by side, takes the oldest first only within
   * one, and gives a partition of several to one member, behind whose long jobs it would wait.
   */
  private static final int DISPATCH_PARTITIONS = 1;

  /** Consumer group that reads the commands: what is below its commits is decided. */
  public static final String COMMANDS_GROUP = "tally-state-processor";

  /** What somebody wants. Broker time, so that no sender's clock decides a deadline. */
  public static final Topic COMMANDS =
      new Topic(
          "job-commands",
          "job id",
          JobCommand.class,
          PARTITIONS,
          Duration.ofDays(7),
          Map.of("message.timestamp.type", "LogAppendTime"),
          "api, worker-runner, timers of the state-processor");

  /** What happened. The log: kept for ever, never compacted. */
  public static final Topic EVENTS =
      new Topic(
          "job-events",
          "job id",
          JobEvent.class,
          PARTITIONS,
          FOR_EVER,
          Map.of(),
          "state-processor");

  /** What was refused, and why. */
  public static final Topic REJECTIONS =
      new Topic(
          "job-rejections",
          "job id",
          Rejection.class,
          PARTITIONS,
          Duration.ofDays(7),
          Map.of(),
          "state-processor");

  /** Orders to single runners. */
  public static final Topic CONTROL =
      new Topic(
          "job-control",
          "runner id",
          RunnerControl.class,
          PARTITIONS,
          Duration.ofDays(1),
          Map.of(),
          "state-processor");

  /** Partial output, progress and log lines of running attempts. */
  public static final Topic OUTPUT =
      new Topic(
          "job-output",
          "job id",
          JobOutput.class,
          PARTITIONS,
          Duration.ofDays(1),
          Map.of(),
          "worker-runner");

  /** Runners that are alive. */
  public static final Topic HEARTBEATS =
      new Topic(
          "runner-heartbeats",
          "runner id",
          RunnerHeartbeat.class,
          1,
          Duration.ofHours(1),
          Map.of(),
          "worker-runner");

  /** Every webhook request made. */
  public static final Topic WEBHOOK_ATTEMPTS =
      new Topic(
          "webhook-attempts",
          "job id",
          WebhookAttempt.class,
          PARTITIONS,
          Duration.ofDays(30),
          Map.of(),
          "webhook-dispatcher");

  /** Deliveries that were given up. */
  public static final Topic WEBHOOK_DEAD_LETTERS =
      new Topic(
          "webhook-dead-letters",
          "job id",
          WebhookAttempt.class,
          PARTITIONS,
          FOR_EVER,
          Map.of(),
          "webhook-dispatcher");

  /**
   * Events whose receiver is alive and too slow, until it has room. Partitions and bytes are those
   * of {@link #EVENTS}; what waits for a day is given up.
   */
  public static final Topic WEBHOOK_OVERFLOW =
      new Topic(
          "webhook-overflow",
          "job id",
          JobEvent.class,
          PARTITIONS,
          Duration.ofDays(7),
          Map.of(),
          "webhook-dispatcher");

  /**
   * Orders to tell a receiver again. Kept as long as a dead letter can be asked for by its age: one
   * that was ordered since is not ordered twice.
   */
  public static final Topic WEBHOOK_REDELIVERIES =
      new Topic(
          "webhook-redeliveries",
          "job id",
          WebhookRedelivery.class,
          PARTITIONS,
          Duration.ofDays(30),
          Map.of(),
          "api, webhook-dispatcher");

  /** Records nobody could read: the bytes as they were, origin and reason in the headers. */
  public static final Topic DEAD_LETTERS =
      new Topic(
          "dead-letters",
          "as it was",
          byte[].class,
          1,
          FOR_EVER,
          Map.of(),
          "state-processor, worker-runner, webhook-dispatcher");

  private Topics() {}

  /** Attempts of an endpoint that wait for a runner. */
  public static Topic dispatch(EndpointName endpoint, boolean lowPriority) {
    return new Topic(
        "job-dispatch." + endpoint.value() + (lowPriority ? ".low" : ""),
        "job id",
        Dispatch.class,
        DISPATCH_PARTITIONS,
        // Nothing waits longer than the longest ttl, 7 days.
        Duration.ofDays(8),
        Map.of(),
        "state-processor");
  }

  /** Every topic of an installation that serves these endpoints. */
  public static List<Topic> all(Iterable<EndpointName> endpoints) {
    var all =
        new ArrayList<>(
            List.of(
                COMMANDS,
                EVENTS,
                REJECTIONS,
                CONTROL,
                OUTPUT,
                HEARTBEATS,
                WEBHOOK_ATTEMPTS,
                WEBHOOK_DEAD_LETTERS,
                WEBHOOK_OVERFLOW,
                WEBHOOK_REDELIVERIES,
                DEAD_LETTERS));
    for (var endpoint : endpoints) {
      all.add(dispatch(endpoint, false));
      all.add(dispatch(endpoint, true));
    }
    return List.copyOf(all);
  }

  /**
   * One row of the table.
   *
   * @param name as Kafka knows it
   * @param key what the record key is
   * @param value the sealed family, or record, that the value is
   * @param partitions how many, when we create it
   * @param retention how long records stay; negative: for ever
   * @param settings topic settings beyond those that follow from the other columns
   * @param writer who may write to it
   */
  public record Topic(
      String name,
      String key,
      Class<?> value,
      int partitions,
      Duration retention,
      Map<String, String> settings,
      String writer) {

    public Topic {
      settings = Map.copyOf(settings);
    }

    /** The complete topic configuration, in Kafka's own names. */
    public Map<String, String> configuration() {
      var configuration = new HashMap<>(settings);
      configuration.put("cleanup.policy", "delete");
      // The default refuses what comes from a clock, or is about a time, an hour ahead of the
      // broker.
      configuration.put("message.timestamp.after.max.ms", Long.toString(Long.MAX_VALUE));
      configuration.put("retention.ms", Long.toString(Math.max(-1, retention.toMillis())));
      configuration.put("max.message.bytes", Integer.toString(MAX_RECORD_BYTES));
      return Map.copyOf(configuration);
    }
  }
}
