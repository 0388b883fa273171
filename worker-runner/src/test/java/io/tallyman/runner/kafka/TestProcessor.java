package io.tallyman.runner.kafka;

import io.tallyman.runtime.kafka.KafkaSettings;
import io.tallyman.schemas.Topics;
import io.tallyman.schemas.Topics.Topic;
import io.tallyman.schemas.job.Dispatch;
import io.tallyman.schemas.job.EndpointName;
import io.tallyman.schemas.job.JobCommand;
import io.tallyman.schemas.job.JobId;
import io.tallyman.schemas.job.JobOutput;
import io.tallyman.schemas.job.RawJson;
import io.tallyman.schemas.job.RunnerControl;
import io.tallyman.schemas.job.RunnerHeartbeat;
import io.tallyman.schemas.job.RunnerId;
import io.tallyman.schemas.json.MalformedMessage;
import io.tallyman.schemas.kafka.Records;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ExecutionException;
import java.util.function.Predicate;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;

/** The state-processor's side of the topics, played by a test. Not thread-safe. */
public final class TestProcessor implements AutoCloseable {

  private static final Duration PATIENCE = Duration.ofSeconds(30);

  private final Producer<String, byte[]> producer;
  private final Consumer<byte[], byte[]> consumer;
  private final List<JobCommand> commands = new ArrayList<>();
  private final List<JobOutput> outputs = new ArrayList<>();
  private final List<RunnerHeartbeat> heartbeats = new ArrayList<>();
  private final List<ConsumerRecord<byte[], byte[]>> deadLetters = new ArrayList<>();
  private final Set<JobId> dispatched = new HashSet<>();
  private int taken;

  /** Reads from the end of every topic, which must exist. */
  public TestProcessor(String bootstrapServers) {
    producer = KafkaSettings.producer(bootstrapServers, "test-processor", 30_000);
    consumer = KafkaSettings.consumer(bootstrapServers, "test-processor", Map.of());
    var partitions = new ArrayList<TopicPartition>();
    for (var topic :
        List.of(Topics.COMMANDS, Topics.OUTPUT, Topics.HEARTBEATS, Topics.DEAD_LETTERS)) {
      for (var partition : consumer.partitionsFor(topic.name())) {
        partitions.add(new TopicPartition(topic.name(), partition.partition()));
      }
    }
    consumer.assign(partitions);
    consumer.seekToEnd(partitions);
    partitions.forEach(consumer::position);
  }

  /** Dispatches attempt 1 of a new job on the default endpoint. */
  public JobId dispatch(String input, boolean lowPriority) {
    var job = new JobId("it-" + UUID.randomUUID());
    dispatched.add(job);
    send(
        Topics.dispatch(EndpointName.DEFAULT, lowPriority),
        job.value(),
        new Dispatch(job, EndpointName.DEFAULT, 1, RawJson.of(input)));
    return job;
  }

  /** A dispatch that every runner refuses, for its endpoint is another than its topic's. */
  public JobId dispatchUnwanted() {
    var job = new JobId("it-" + UUID.randomUUID());
    dispatched.add(job);
    send(
        Topics.dispatch(EndpointName.DEFAULT, false),
        job.value(),
        new Dispatch(job, new EndpointName("other"), 1, RawJson.NULL));
    return job;
  }

  /** A dispatch that nobody can read. */
  public void dispatchGarbage() {
    var _ =
        producer.send(
            new ProducerRecord<>(
                Topics.dispatch(EndpointName.DEFAULT, false).name(), "garbage", new byte[] {1, 2}));
    producer.flush();
  }

  /** Answers a Start, with a lease that no test outlives. */
  public void run(JobCommand.Start start, Duration limit) {
    run(start, limit, Duration.ofHours(1));
  }

  /** Answers a Start. */
  public void run(JobCommand.Start start, Duration limit, Duration lease) {
    var now = Instant.now();
    send(
        Topics.CONTROL,
        start.runner().value(),
        new RunnerControl.Run(
            start.runner(), start.jobId(), start.attempt(), now.plus(limit), now.plus(lease)));
  }

  /** Orders an attempt to stop. */
  public void stop(RunnerId runner, JobId job) {
    send(
        Topics.CONTROL, runner.value(), new RunnerControl.Stop(runner, job, 1, "it was cancelled"));
  }

  /** The next command of this type about this job, waited for; what comes before it is kept. */
  public <T extends JobCommand> T await(Class<T> type, JobId job) {
    return await(
        type.getSimpleName() + " of " + job,
        () ->
            commands.stream()
                .filter(type::isInstance)
                .map(type::cast)
                .filter(command -> command.jobId().equals(job))
                .findFirst());
  }

  /** The next Start of any job that was not returned yet, waited for. */
  public JobCommand.Start awaitStart() {
    return await(
        "a Start",
        () -> {
          while (taken < commands.size()) {
            if (commands.get(taken++) instanceof JobCommand.Start start) {
              return Optional.of(start);
            }
          }
          return Optional.empty();
        });
  }

  /** A heartbeat, later than those seen, of which this holds. */
  public RunnerHeartbeat awaitHeartbeat(Predicate<RunnerHeartbeat> condition) {
    heartbeats.clear();
    return await("a heartbeat", () -> heartbeats.stream().filter(condition).findFirst());
  }

  /** A dead letter, waited for. */
  public ConsumerRecord<byte[], byte[]> awaitDeadLetter() {
    return await("a dead letter", () -> deadLetters.stream().findFirst());
  }

  /** Output of this job that contains the text, waited for. */
  public JobOutput awaitOutput(JobId job, String text) {
    return await(
        "output " + text,
        () ->
            outputs.stream()
                .filter(output -> output.jobId().equals(job) && output.text().contains(text))
                .findFirst());
  }

  /** Every command that was read so far. */
  public List<JobCommand> commands() {
    return List.copyOf(commands);
  }

  /** Reads what comes within a while, for tests that nothing does. */
  public void listen(Duration time) {
    var deadline = System.nanoTime() + time.toNanos();
    while (System.nanoTime() < deadline) {
      poll();
    }
  }

  private <T> T await(String what, java.util.function.Supplier<Optional<T>> look) {
    var deadline = System.nanoTime() + PATIENCE.toNanos();
    while (true) {
      var found = look.get();
      if (found.isPresent()) {
        return found.get();
      }
      if (System.nanoTime() > deadline) {
        throw new AssertionError(
            "Expected within %s: %s; commands were %s".formatted(PATIENCE, what, commands));
      }
      poll();
    }
  }

  private void poll() {
    for (var record : consumer.poll(Duration.ofMillis(100))) {
      try {
        if (record.topic().equals(Topics.DEAD_LETTERS.name())) {
          deadLetters.add(record);
        } else if (record.topic().equals(Topics.COMMANDS.name())) {
          heard(Records.decode(JobCommand.class, record.headers(), record.value()));
        } else if (record.topic().equals(Topics.OUTPUT.name())) {
          outputs.add(Records.decode(JobOutput.class, record.headers(), record.value()));
        } else {
          heartbeats.add(Records.decode(RunnerHeartbeat.class, record.headers(), record.value()));
        }
      } catch (MalformedMessage e) {
        throw new AssertionError("Expected readable records", e);
      }
    }
  }

  /**
   * A dispatch of an earlier test may come once more, and would hold a slot for as long as asked.
   */
  private void heard(JobCommand command) {
    if (command instanceof JobCommand.Start start && !dispatched.contains(start.jobId())) {
      stop(start.runner(), start.jobId());
    } else {
      commands.add(command);
    }
  }

  private void send(Topic topic, String key, Object message) {
    try {
      producer.send(Records.of(topic, key, message, "test", "/test", Instant.now())).get();
    } catch (ExecutionException e) {
      throw new AssertionError("Expected Kafka to take the record", e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new AssertionError("Interrupted", e);
    }
  }

  @Override
  public void close() {
    producer.close();
    consumer.close();
  }
}
