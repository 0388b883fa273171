package io.tallyman.system;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.tallyman.schemas.Topics;
import io.tallyman.schemas.Topics.Topic;
import io.tallyman.schemas.job.Dispatch;
import io.tallyman.schemas.job.EndpointName;
import io.tallyman.schemas.job.EventMeta;
import io.tallyman.schemas.job.EventPosition;
import io.tallyman.schemas.job.JobCommand;
import io.tallyman.schemas.job.JobEvent.JobQueued;
import io.tallyman.schemas.job.JobId;
import io.tallyman.schemas.job.JobOutput;
import io.tallyman.schemas.job.JobRequest;
import io.tallyman.schemas.job.Policy;
import io.tallyman.schemas.job.RawJson;
import io.tallyman.schemas.job.Rejection;
import io.tallyman.schemas.job.RunnerControl;
import io.tallyman.schemas.job.RunnerHeartbeat;
import io.tallyman.schemas.job.RunnerId;
import io.tallyman.schemas.job.WebhookAttempt;
import io.tallyman.schemas.job.WebhookRedelivery;
import io.tallyman.schemas.json.MessageCodec;
import io.tallyman.schemas.kafka.Records;
import java.net.URI;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SplittableRandom;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.header.Headers;
import org.apache.kafka.common.header.internals.RecordHeaders;
import org.apache.kafka.common.utils.Utils;
import org.jspecify.annotations.Nullable;

/**
 * A record that its topic should never have: what a broken writer, an older or newer version, or a
 * person with a console producer may leave there. Each is a good message of the topic but for one
 * thing, so that it is this one thing that a reader must see.
 */
record BadRecord(String kind, ProducerRecord<byte[], byte[]> record) {

  private static final Instant TIME = Instant.parse("2020-02-02T10:00:00Z");

  /** Beyond what fits beside others into a batch, and within the broker's own default limit. */
  private static final int LARGE = 900_000;

  /** As large as Kafka takes it with its headers: no dead letter can hold it. */
  private static final byte[] GIANT = " ".repeat(Topics.MAX_RECORD_BYTES - 420).getBytes(UTF_8);

  /** The record key of all that have one, on topics whose key is a job id. */
  static final String JOB = "job-of-bad-records";

  /** One of each kind, for one partition. */
  static List<BadRecord> all(Topic topic, String key, int partition) {
    var message = message(topic, key);
    var json = MessageCodec.encode(message);
    var bad = new ArrayList<BadRecord>();
    var into = new Into(topic, partition, bad);
    into.add("empty value", key, new byte[0], headers(message, key));
    into.add("null value", key, null, headers(message, key));
    into.add("null key", null, json, headers(message, key));
    var other = message(topic, "somebody-else");
    into.add("not its key", key, MessageCodec.encode(other), headers(other, "somebody-else"));
    into.add("random bytes", key, random(), headers(message, key));
    into.add("half a message", key, Arrays.copyOf(json, json.length / 2), headers(message, key));
    into.add("unknown type", key, json, with(message, key, "ce_type", "com.example.thing.v1"));
    into.add(
        "future version",
        key,
        json,
        with(message, key, "ce_type", type(message).replaceFirst("v1$", "v99")));
    into.add("future specversion", key, json, with(message, key, "ce_specversion", "2.0"));
    into.add("no headers", key, json, new RecordHeaders());
    into.add(
        "900 KB",
        key,
        "{\"padding\":\"%s\"}".formatted("x".repeat(LARGE)).getBytes(UTF_8),
        headers(message, key));
    if (partition == partition(topic, key)) {
      into.add("24 MiB", key, GIANT, headers(message, key));
    }
    if (topic.equals(Topics.WEBHOOK_OVERFLOW)) {
      into.add(
          "offset that is no number",
          key,
          json,
          headers(message, key).add("tallyman-offset", "later".getBytes(UTF_8)));
    }
    return bad;
  }

  /** The partition of a key. */
  static int partition(Topic topic, String key) {
    return Utils.toPositive(Utils.murmur2(key.getBytes(UTF_8))) % topic.partitions();
  }

  /** A good message of the topic, about a job, or a runner, of this name. */
  private static Object message(Topic topic, String name) {
    var job = new JobId(name);
    var runner = new RunnerId(name);
    var endpoint = EndpointName.DEFAULT;
    if (topic.equals(Topics.WEBHOOK_REDELIVERIES)) {
      return redelivery(job);
    }
    return Map.<Topic, Object>of(
            Topics.COMMANDS,
            new JobCommand.Cancel(job, "api"),
            Topics.EVENTS,
            queued(job),
            Topics.WEBHOOK_OVERFLOW,
            queued(job),
            Topics.REJECTIONS,
            new Rejection(job, "c", "io.x", Rejection.Code.NOT_FOUND, "it is unknown", TIME),
            Topics.CONTROL,
            new RunnerControl.Stop(runner, new JobId(JOB), 1, "it was cancelled"),
            Topics.OUTPUT,
            new JobOutput(job, 1, runner, TIME, JobOutput.Channel.STDOUT, "up"),
            Topics.HEARTBEATS,
            new RunnerHeartbeat(runner, TIME, "noop", 4, List.of()),
            Topics.WEBHOOK_ATTEMPTS,
            attempt(job),
            Topics.WEBHOOK_DEAD_LETTERS,
            attempt(job),
            Topics.DEAD_LETTERS,
            queued(job))
        .getOrDefault(topic, new Dispatch(job, endpoint, 1, RawJson.of("{}")));
  }

  /** The first event of a job about which nobody wants to be told. */
  static JobQueued queued(JobId job) {
    return queued(job, Optional.empty());
  }

  /** The first event of a job. */
  static JobQueued queued(JobId job, Optional<URI> webhook) {
    var endpoint = EndpointName.DEFAULT;
    return new JobQueued(
        new EventMeta(job, endpoint, 1, 1, TIME, "api", webhook),
        new JobRequest(endpoint, RawJson.of("{}"), Policy.DEFAULT, webhook, "ab"),
        TIME.plusSeconds(600));
  }

  private static WebhookAttempt attempt(JobId job) {
    return new WebhookAttempt(
        "msg_1",
        job,
        EndpointName.DEFAULT,
        1,
        1,
        WebhookAttempt.AUTO,
        URI.create("http://127.0.0.1:9/"),
        TIME,
        Duration.ofMillis(1),
        "refused",
        Optional.empty(),
        "nobody listens",
        false,
        Optional.empty(),
        Optional.empty());
  }

  private static WebhookRedelivery redelivery(JobId job) {
    return new WebhookRedelivery(
        "msg_1",
        job,
        EndpointName.DEFAULT,
        1,
        new EventPosition(0, 0),
        WebhookAttempt.MANUAL,
        TIME);
  }

  private static Headers headers(Object message, String subject) {
    return Records.headers(message, subject, subject + ":1", "/test", TIME);
  }

  private static Headers with(Object message, String subject, String name, String value) {
    return headers(message, subject).remove(name).add(name, value.getBytes(UTF_8));
  }

  private static String type(Object message) {
    return String.valueOf(Records.text(headers(message, JOB), "ce_type"));
  }

  private static byte[] random() {
    var bytes = new byte[1_000];
    new SplittableRandom(7).nextBytes(bytes);
    return bytes;
  }

  private record Into(Topic topic, int partition, List<BadRecord> bad) {
    void add(String kind, @Nullable String key, byte @Nullable [] value, Headers headers) {
      bad.add(
          new BadRecord(
              kind,
              new ProducerRecord<>(
                  topic.name(),
                  partition,
                  key == null ? null : key.getBytes(UTF_8),
                  value,
                  headers)));
    }
  }
}
