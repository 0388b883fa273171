package io.tallyman.schemas.kafka;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.tallyman.schemas.MessageTypes;
import io.tallyman.schemas.Topics;
import io.tallyman.schemas.Topics.Topic;
import io.tallyman.schemas.job.JobEvent;
import io.tallyman.schemas.json.MalformedMessage;
import io.tallyman.schemas.json.MessageCodec;
import java.time.Instant;
import java.util.Arrays;
import java.util.function.Function;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.header.Headers;
import org.apache.kafka.common.header.internals.RecordHeaders;
import org.apache.kafka.common.utils.Utils;
import org.jspecify.annotations.Nullable;

/**
 * Messages as Kafka records, in CloudEvents' binary mode: the value is the JSON alone, the headers
 * {@code ce_specversion}, {@code ce_id}, {@code ce_type}, {@code ce_source}, {@code ce_subject},
 * {@code ce_time} and {@code content-type} say what it is.
 *
 * @see <a
 *     href="https://github.com/cloudevents/spec/blob/main/cloudevents/bindings/kafka-protocol-binding.md">CloudEvents
 *     Kafka binding</a>
 */
public final class Records {

  private static final byte[] SPEC_VERSION = "1.0".getBytes(UTF_8);

  /** Of later ones nobody knows yet what their headers say. */
  private static final String KNOWN_SPEC_VERSIONS = "1.";

  /** What Kafka adds to a record, and whoever passes it on: a batch, lengths, headers. */
  private static final int ENVELOPE = 4_096;

  /** Two lengths. */
  private static final int PER_HEADER = 10;

  /** Of why a record is a dead letter. */
  private static final int MAX_REASON = 1_000;

  private static final byte[] JSON = "application/json".getBytes(UTF_8);

  private Records() {}

  /**
   * A record to produce. Its partition follows from the key, its timestamp is the message's time.
   *
   * @param key the record key, such as a job id; also the {@code ce_subject}
   * @param id the {@code ce_id}: the same whenever the same message is written again
   * @param source the {@code ce_source}, such as {@code /api}
   */
  public static ProducerRecord<String, byte[]> of(
      Topic topic, String key, Object message, String id, String source, Instant time) {
    return new ProducerRecord<>(
        topic.name(),
        null,
        time.toEpochMilli(),
        key,
        MessageCodec.encode(message),
        headers(message, key, id, source, time));
  }

  /** The CloudEvents headers of a message. */
  public static Headers headers(
      Object message, String subject, String id, String source, Instant time) {
    return new RecordHeaders()
        .add("ce_specversion", SPEC_VERSION)
        .add("ce_id", id.getBytes(UTF_8))
        .add("ce_type", MessageTypes.of(message).name().getBytes(UTF_8))
        .add("ce_source", source.getBytes(UTF_8))
        .add("ce_subject", subject.getBytes(UTF_8))
        .add("ce_time", time.toString().getBytes(UTF_8))
        .add("content-type", JSON);
  }

  /**
   * The message of a record that was read.
   *
   * @param family what the topic carries; {@link Topic#value()}
   * @throws MalformedMessage when the record carries no message of that family
   */
  public static <T> T decode(Class<T> family, Headers headers, byte @Nullable [] value)
      throws MalformedMessage {
    var type = text(headers, "ce_type");
    if (type == null) {
      throw new MalformedMessage("Expected a header ce_type, but there is none");
    }
    var specVersion = text(headers, "ce_specversion");
    if (specVersion != null && !specVersion.startsWith(KNOWN_SPEC_VERSIONS)) {
      throw new MalformedMessage(
          "Expected CloudEvents 1.x, but ce_specversion is '%s'"
              .formatted(specVersion.substring(0, Math.min(20, specVersion.length()))));
    }
    if (value == null) {
      throw new MalformedMessage("Expected a value of type %s, but it is null".formatted(type));
    }
    var message = MessageCodec.decode(type, value);
    if (!family.isInstance(message)) {
      throw new MalformedMessage(
          "Expected a %s, but got a %s".formatted(family.getSimpleName(), type));
    }
    return family.cast(message);
  }

  /**
   * The message of a record whose key says whom it is about. Under another key it is in another
   * partition, and out of order with all else that is said of them.
   *
   * @param family what the topic carries; {@link Topic#value()}
   * @param key what the record key must be, such as the job id
   * @throws MalformedMessage when the record carries no message of that family, or has another key
   */
  public static <T> T decode(
      Class<T> family, Function<T, Object> key, ConsumerRecord<byte[], byte[]> record)
      throws MalformedMessage {
    var message = decode(family, record.headers(), record.value());
    var expected = key.apply(message).toString();
    if (!Arrays.equals(expected.getBytes(UTF_8), record.key())) {
      throw new MalformedMessage("Expected the record's key to be '%s'".formatted(expected));
    }
    return message;
  }

  /**
   * The event of a record of the event log.
   *
   * @throws MalformedMessage when it is none, or one of another job than its key says
   */
  public static JobEvent event(ConsumerRecord<byte[], byte[]> record) throws MalformedMessage {
    return decode(JobEvent.class, event -> event.meta().jobId(), record);
  }

  /** A header's text; null when it is absent. */
  public static @Nullable String text(Headers headers, String name) {
    var header = headers.lastHeader(name);
    return header == null || header.value() == null ? null : new String(header.value(), UTF_8);
  }

  /**
   * The dead letter of a record that nobody could read: its bytes as they were, with where it was
   * and why in the headers {@code tallyman-origin} and {@code tallyman-reason}. Of one so large
   * that it does not fit beside these, there are these alone.
   *
   * @param service who gave up, such as {@code api}
   */
  public static ProducerRecord<byte[], byte[]> deadLetter(
      ConsumerRecord<byte[], byte[]> origin, String reason, String service) {
    var where = "%s-%d@%d".formatted(origin.topic(), origin.partition(), origin.offset());
    var why = reason.substring(0, Math.min(MAX_REASON, reason.length()));
    var whole = letter(origin.key(), origin.value(), origin.headers(), where, why, service);
    return fits(whole.key(), whole.value(), whole.headers())
        ? whole
        : letter(
            null,
            null,
            new RecordHeaders(),
            where,
            why + " (the record itself is too large to be here: read it where it was)",
            service);
  }

  private static ProducerRecord<byte[], byte[]> letter(
      byte @Nullable [] key,
      byte @Nullable [] value,
      Headers own,
      String where,
      String why,
      String service) {
    return new ProducerRecord<>(
        Topics.DEAD_LETTERS.name(),
        null,
        key,
        value,
        new RecordHeaders(own)
            .add("tallyman-origin", where.getBytes(UTF_8))
            .add("tallyman-reason", why.getBytes(UTF_8))
            .add("tallyman-service", service.getBytes(UTF_8)));
  }

  /**
   * Whether a record can be written, and passed on with a few more headers: at most {@link
   * Topics#MAX_RECORD_BYTES}.
   */
  public static boolean fits(byte @Nullable [] key, byte @Nullable [] value, Headers headers) {
    var bytes = (long) ENVELOPE;
    bytes += key == null ? 0 : key.length;
    bytes += value == null ? 0 : value.length;
    for (var header : headers) {
      bytes += PER_HEADER + Utils.utf8Length(header.key());
      bytes += header.value() == null ? 0 : header.value().length;
    }
    return bytes <= Topics.MAX_RECORD_BYTES;
  }
}
