package io.tallyman.schemas;

import io.tallyman.schemas.job.Dispatch;
import io.tallyman.schemas.job.JobCommand;
import io.tallyman.schemas.job.JobEvent;
import io.tallyman.schemas.job.JobOutput;
import io.tallyman.schemas.job.Rejection;
import io.tallyman.schemas.job.RunnerControl;
import io.tallyman.schemas.job.RunnerHeartbeat;
import io.tallyman.schemas.job.WebhookAttempt;
import io.tallyman.schemas.job.WebhookRedelivery;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import java.util.stream.Collectors;

/**
 * The one table of wire names: the {@code ce_type} of every message, with its version at the end,
 * and the record that carries it. Class names are ours to change; these are not. Each has a JSON
 * Schema under {@code schemas/<name>.json} and a golden message in the tests.
 */
public final class MessageTypes {

  private static final String PREFIX = "io.tallyman.";

  /** The table. */
  public static final List<MessageType> ALL =
      List.of(
          type("command.submit.v1", JobCommand.Submit.class),
          type("command.start.v1", JobCommand.Start.class),
          type("command.complete.v1", JobCommand.Complete.class),
          type("command.fail.v1", JobCommand.Fail.class),
          type("command.renew.v1", JobCommand.Renew.class),
          type("command.release.v1", JobCommand.Release.class),
          type("command.cancel.v1", JobCommand.Cancel.class),
          type("command.retry.v1", JobCommand.Retry.class),
          type("command.expire.v1", JobCommand.Expire.class),
          type("command.rejected.v1", Rejection.class),
          type("job.queued.v1", JobEvent.JobQueued.class),
          type("job.started.v1", JobEvent.JobStarted.class),
          type("job.requeued.v1", JobEvent.JobRequeued.class),
          type("job.completed.v1", JobEvent.JobCompleted.class),
          type("job.failed.v1", JobEvent.JobFailed.class),
          type("job.cancelled.v1", JobEvent.JobCancelled.class),
          type("job.timed-out.v1", JobEvent.JobTimedOut.class),
          type("job.output.v1", JobOutput.class),
          type("attempt.dispatched.v1", Dispatch.class),
          type("attempt.run.v1", RunnerControl.Run.class),
          type("attempt.stop.v1", RunnerControl.Stop.class),
          type("runner.heartbeat.v1", RunnerHeartbeat.class),
          type("webhook.attempted.v1", WebhookAttempt.class),
          type("webhook.redelivery.v1", WebhookRedelivery.class));

  private static final Map<String, MessageType> BY_NAME =
      ALL.stream().collect(Collectors.toUnmodifiableMap(MessageType::name, Function.identity()));

  private static final Map<Class<?>, MessageType> BY_RECORD =
      ALL.stream().collect(Collectors.toUnmodifiableMap(MessageType::record, Function.identity()));

  private MessageTypes() {}

  /** The row of a {@code ce_type}; empty when this version does not know it. */
  public static Optional<MessageType> named(String ceType) {
    return Optional.ofNullable(BY_NAME.get(ceType));
  }

  /**
   * The row of a message.
   *
   * @throws IllegalArgumentException when its class is not in the table
   */
  public static MessageType of(Object message) {
    var type = BY_RECORD.get(message.getClass());
    if (type == null) {
      throw new IllegalArgumentException(
          "Expected a message of the table MessageTypes, but got " + message.getClass().getName());
    }
    return type;
  }

  private static MessageType type(String name, Class<?> record) {
    return new MessageType(PREFIX + name, record);
  }

  /**
   * One row.
   *
   * @param name the {@code ce_type}, such as {@code io.tallyman.job.queued.v1}
   * @param record the Java record of its JSON
   */
  public record MessageType(String name, Class<?> record) {

    /** Class path location of its JSON Schema, such as {@code /schemas/job.queued.v1.json}. */
    public String schema() {
      return "/schemas/" + name.substring(PREFIX.length()) + ".json";
    }
  }
}
