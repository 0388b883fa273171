package io.tallyman.api.kafka;

import io.tallyman.runtime.kafka.KafkaSettings;
import io.tallyman.schemas.MessageTypes;
import io.tallyman.schemas.Topics;
import io.tallyman.schemas.Topics.Topic;
import io.tallyman.schemas.job.EventMeta;
import io.tallyman.schemas.job.JobCommand;
import io.tallyman.schemas.job.JobCommand.Cancel;
import io.tallyman.schemas.job.JobCommand.Submit;
import io.tallyman.schemas.job.JobEvent;
import io.tallyman.schemas.job.JobEvent.JobCancelled;
import io.tallyman.schemas.job.JobEvent.JobCompleted;
import io.tallyman.schemas.job.JobEvent.JobQueued;
import io.tallyman.schemas.job.JobEvent.JobStarted;
import io.tallyman.schemas.job.JobEvent.Run;
import io.tallyman.schemas.job.JobId;
import io.tallyman.schemas.job.JobRequest;
import io.tallyman.schemas.job.RawJson;
import io.tallyman.schemas.job.Rejection;
import io.tallyman.schemas.job.Rejection.Code;
import io.tallyman.schemas.job.RunnerHeartbeat;
import io.tallyman.schemas.job.RunnerHeartbeat.Serving;
import io.tallyman.schemas.job.RunnerId;
import io.tallyman.schemas.json.MalformedMessage;
import io.tallyman.schemas.kafka.Records;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutionException;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;

/** What the api meets on the topics: answers commands as the state-processor would. */
public final class ProcessorStandIn implements AutoCloseable {

  private static final Instant TIME = Instant.parse("2020-02-02T10:00:00Z");
  private static final RunnerId RUNNER = new RunnerId("runner-1");
  private static final Run RUN = new Run(RUNNER, Duration.ofMillis(12), Duration.ofMillis(34));

  private final Producer<String, byte[]> producer;
  private final Map<JobId, JobEvent> newest = new ConcurrentHashMap<>();
  private final Map<JobId, JobRequest> requests = new ConcurrentHashMap<>();
  private final List<JobCommand> commands = new CopyOnWriteArrayList<>();
  private final Thread thread;
  private volatile boolean isSilent;
  private volatile boolean isClosed;

  /** Begins with the commands that are there. */
  public ProcessorStandIn(String bootstrapServers) {
    this.producer = KafkaSettings.producer(bootstrapServers, "stand-in", 10_000);
    this.thread =
        Thread.ofPlatform().daemon().name("stand-in").start(() -> follow(bootstrapServers));
  }

  /** Every command seen, oldest first. */
  public List<JobCommand> commands() {
    return List.copyOf(commands);
  }

  /** Whether commands are seen, and not answered. */
  public void isSilent(boolean isSilent) {
    this.isSilent = isSilent;
  }

  /** Records on {@code job-commands} now. */
  public long countCommands(String bootstrapServers) {
    try (var consumer = KafkaSettings.consumer(bootstrapServers, "counter", Map.of())) {
      var partitions =
          consumer.partitionsFor(Topics.COMMANDS.name()).stream()
              .map(info -> new TopicPartition(info.topic(), info.partition()))
              .toList();
      return consumer.endOffsets(partitions).values().stream().mapToLong(Long::longValue).sum();
    }
  }

  /** A job that came through no api. */
  public void queue(JobId job, JobRequest request) {
    requests.put(job, request);
    var meta =
        new EventMeta(
            job,
            request.endpoint(),
            1,
            1,
            TIME,
            "api",
            request.webhook(),
            request.webhookSecretName());
    write(new JobQueued(meta, request, TIME.plus(request.policy().ttl())));
  }

  /** A runner has it. */
  public void start(JobId job) {
    write(new JobStarted(next(job, 1), RUNNER, Duration.ofMillis(12), TIME.plusSeconds(600)));
  }

  /** It ended well. */
  public void complete(JobId job, String output) {
    write(new JobCompleted(next(job, 1), RUN, RawJson.of(output)));
  }

  /** It waits again, as attempt 2. */
  public void requeue(JobId job) {
    write(new JobEvent.JobRequeued(next(job, 2), "runner_stopped: test", TIME.plusSeconds(600)));
  }

  /** A runner lives. */
  public void heartbeat(int slots, List<Serving> running) {
    var heartbeat = new RunnerHeartbeat(RUNNER, TIME, "noop", slots, running);
    send(Records.of(Topics.HEARTBEATS, RUNNER.value(), heartbeat, "heartbeat", "/test", TIME));
  }

  /** As after the retention of a job that ended: the log has it, the processor does not. */
  public void forget(JobId job) {
    newest.remove(job);
    requests.remove(job);
  }

  /** Makes the log longer by so many jobs. */
  public void fill(int jobs, JobRequest request) {
    for (var i = 0; i < jobs; i++) {
      var job = new JobId("filler-" + i);
      var meta = new EventMeta(job, request.endpoint(), 1, 1, TIME, "api", Optional.empty());
      var queued = new JobQueued(meta, request, TIME.plusSeconds(600));
      var _ = producer.send(Records.of(Topics.EVENTS, job.value(), queued, job + ":1", "/t", TIME));
    }
    producer.flush();
  }

  /** Something on a topic that nobody can read. */
  public void poison(Topic topic, String key) {
    send(new ProducerRecord<>(topic.name(), key, new byte[] {1, 2, 3}));
  }

  /** How many dead letters there are. */
  public long countDeadLetters(String bootstrapServers) {
    try (var consumer = KafkaSettings.consumer(bootstrapServers, "counter", Map.of())) {
      var partition = new TopicPartition(Topics.DEAD_LETTERS.name(), 0);
      return Objects.requireNonNull(consumer.endOffsets(List.of(partition)).get(partition));
    }
  }

  @Override
  public void close() {
    isClosed = true;
    try {
      thread.join();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    producer.close(Duration.ZERO);
  }

  private void follow(String bootstrapServers) {
    try (var consumer =
        KafkaSettings.consumer(
            bootstrapServers,
            "stand-in",
            Map.of(ConsumerConfig.GROUP_ID_CONFIG, Topics.COMMANDS_GROUP))) {
      var partitions =
          consumer.partitionsFor(Topics.COMMANDS.name()).stream()
              .map(info -> new TopicPartition(info.topic(), info.partition()))
              .toList();
      consumer.assign(partitions);
      consumer.seekToBeginning(partitions);
      while (!isClosed) {
        var records = consumer.poll(Duration.ofMillis(100));
        records.forEach(this::answer);
        if (!isSilent) {
          consumer.commitSync();
        }
      }
    }
  }

  private void answer(ConsumerRecord<byte[], byte[]> record) {
    JobCommand command;
    try {
      command = Records.decode(JobCommand.class, record.headers(), record.value());
    } catch (MalformedMessage e) {
      throw new AssertionError("the api wrote a record that is no command", e);
    }
    commands.add(command);
    if (isSilent) {
      return;
    }
    var id = Objects.requireNonNull(Records.text(record.headers(), "ce_id"));
    if (command instanceof Submit submit) {
      var known = requests.get(submit.jobId());
      if (known == null) {
        queue(submit.jobId(), submit.request());
      } else {
        var isSame = known.fingerprint().equals(submit.request().fingerprint());
        reject(command, id, isSame ? Code.ALREADY_EXISTS : Code.ID_TAKEN);
      }
    } else if (command instanceof Cancel cancel) {
      var state = newest.get(cancel.jobId());
      if (state == null || state.status().isTerminal()) {
        reject(command, id, state == null ? Code.NOT_FOUND : Code.INVALID_STATE);
      } else {
        write(new JobCancelled(next(cancel.jobId(), 1), Optional.empty()));
      }
    }
  }

  private EventMeta next(JobId job, int attempt) {
    var meta = Objects.requireNonNull(newest.get(job)).meta();
    return new EventMeta(
        job,
        meta.endpoint(),
        meta.sequence() + 1,
        Math.max(attempt, meta.attempt()),
        TIME.plusMillis(meta.sequence()),
        "test",
        meta.webhook(),
        meta.webhookSecretName());
  }

  private void reject(JobCommand command, String id, Code code) {
    var rejection =
        new Rejection(
            command.jobId(), id, MessageTypes.of(command).name(), code, "Expected otherwise", TIME);
    send(
        Records.of(
            Topics.REJECTIONS,
            command.jobId().value(),
            rejection,
            id + ":rejected",
            "/test",
            TIME));
  }

  private void write(JobEvent event) {
    newest.put(event.meta().jobId(), event);
    var job = event.meta().jobId().value();
    send(Records.of(Topics.EVENTS, job, event, job + ":" + event.meta().sequence(), "/test", TIME));
  }

  private void send(ProducerRecord<String, byte[]> record) {
    try {
      producer.send(record).get();
    } catch (ExecutionException e) {
      throw new AssertionError("the stand-in could not write", e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
