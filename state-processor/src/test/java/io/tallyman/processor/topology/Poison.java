package io.tallyman.processor.topology;

import static io.tallyman.processor.Jobs.RUNNER;
import static io.tallyman.processor.Jobs.T0;
import static io.tallyman.processor.Jobs.cancel;
import static io.tallyman.processor.Jobs.submit;
import static java.nio.charset.StandardCharsets.UTF_8;

import io.tallyman.processor.Jobs;
import io.tallyman.schemas.Topics;
import io.tallyman.schemas.job.EndpointName;
import io.tallyman.schemas.job.EventMeta;
import io.tallyman.schemas.job.JobEvent.JobStarted;
import io.tallyman.schemas.json.MessageCodec;
import io.tallyman.schemas.kafka.Records;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.SplittableRandom;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.header.Headers;
import org.apache.kafka.common.header.internals.RecordHeaders;
import org.jspecify.annotations.Nullable;

/**
 * A record on the command topic that is no command.
 *
 * @param reason a part of what its dead letter says
 */
public record Poison(String name, ProducerRecord<byte[], byte[]> record, String reason) {

  /** One of each kind. */
  public static List<Poison> all() {
    return List.of(
        poison("no headers", utf8("job-1"), json(cancel()), new RecordHeaders(), "ce_type"),
        poison("no type", utf8("job-1"), json(cancel()), asCancel().remove("ce_type"), "ce_type"),
        poison(
            "type without value",
            utf8("job-1"),
            json(cancel()),
            asCancel().remove("ce_type").add("ce_type", null),
            "ce_type"),
        poison("null value", utf8("job-1"), null, asCancel(), "null"),
        poison("null key", null, json(cancel()), asCancel(), "key"),
        poison("empty value", utf8("job-1"), new byte[0], asCancel(), "JSON"),
        poison("random bytes", utf8("job-1"), random(), asCancel(), "JSON"),
        poison("null bytes", utf8("job-1"), new byte[300], asCancel(), "JSON"),
        poison(
            "half a message", utf8("job-1"), Arrays.copyOf(json(submit()), 80), asCancel(), "JSON"),
        poison("json null", utf8("job-1"), utf8("null"), asCancel(), "null"),
        poison("json array", utf8("job-1"), utf8("[1,2]"), asCancel(), "JSON"),
        poison("deep", utf8("job-1"), utf8("{\"x\":" + "[".repeat(100_000)), asCancel(), "JSON"),
        poison("missing member", utf8("job-1"), utf8("{\"jobId\":\"job-1\"}"), asCancel(), "JSON"),
        poison(
            "illegal id",
            utf8("../x"),
            utf8("{\"jobId\":\"../x\",\"actor\":\"api\"}"),
            asCancel(),
            "job id"),
        poison(
            "unknown type", utf8("job-1"), json(cancel()), as("com.example.cancel.v1"), "example"),
        poison(
            "future version",
            utf8("job-1"),
            json(cancel()),
            as("io.tallyman.command.cancel.v2"),
            "v2"),
        poison("other key", utf8("job-2"), json(cancel()), asCancel(), "key"),
        poison("key that is no text", new byte[] {-1, -2, -3}, json(cancel()), asCancel(), "key"),
        poison(
            "an event",
            utf8("job-1"),
            json(event()),
            as("io.tallyman.job.started.v1"),
            "JobCommand"));
  }

  @Override
  public String toString() {
    return name;
  }

  private static Poison poison(
      String name, byte @Nullable [] key, byte @Nullable [] value, Headers headers, String reason) {
    return new Poison(
        name, new ProducerRecord<>(Topics.COMMANDS.name(), null, key, value, headers), reason);
  }

  private static byte[] utf8(String text) {
    return text.getBytes(UTF_8);
  }

  private static byte[] json(Object message) {
    return MessageCodec.encode(message);
  }

  private static Headers asCancel() {
    return Records.headers(cancel(), "job-1", "command-1", "/test", T0);
  }

  private static Headers as(String type) {
    return asCancel().remove("ce_type").add("ce_type", utf8(type));
  }

  private static byte[] random() {
    var bytes = new byte[1_000];
    new SplittableRandom(7).nextBytes(bytes);
    return bytes;
  }

  private static JobStarted event() {
    return new JobStarted(
        new EventMeta(
            Jobs.JOB, EndpointName.DEFAULT, 2, 1, T0, "runner/runner-1", Optional.empty()),
        RUNNER,
        Duration.ZERO,
        T0);
  }
}
