package io.tallyman.processor.topology;

import io.tallyman.processor.domain.JobState;
import io.tallyman.processor.domain.JobState.Absent;
import io.tallyman.processor.domain.JobState.Ended;
import io.tallyman.processor.domain.JobState.Queued;
import io.tallyman.processor.domain.JobState.Retryable;
import io.tallyman.processor.domain.JobState.Running;
import io.tallyman.schemas.json.MalformedMessage;
import io.tallyman.schemas.json.MessageCodec;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * A state in the store: one letter for its kind, then its JSON. Ours alone: nobody else reads the
 * store, and it can be rebuilt from the log.
 */
final class JobStateFormat {

  private JobStateFormat() {}

  /** The bytes of a state; null, which deletes, for an absent job. */
  static byte @Nullable [] write(JobState state) {
    return switch (state) {
      case Absent _ -> null;
      case Queued _ -> tagged('q', state);
      case Running _ -> tagged('r', state);
      case Retryable _ -> tagged('t', state);
      case Ended _ -> tagged('e', state);
    };
  }

  /**
   * The state of these bytes.
   *
   * @throws IllegalStateException when they are none: the store is corrupt
   */
  static JobState read(byte @Nullable [] bytes) {
    if (bytes == null) {
      return new Absent();
    }
    try {
      if (bytes.length == 0) {
        throw new MalformedMessage("Expected a kind q, r, t or e, but there is nothing");
      }
      var json = Arrays.copyOfRange(bytes, 1, bytes.length);
      return switch (bytes[0]) {
        case 'q' -> MessageCodec.decode(Queued.class, json);
        case 'r' -> MessageCodec.decode(Running.class, json);
        case 't' -> MessageCodec.decode(Retryable.class, json);
        case 'e' -> MessageCodec.decode(Ended.class, json);
        default -> throw new MalformedMessage("Expected a kind q, r, t or e");
      };
    } catch (MalformedMessage e) {
      throw new IllegalStateException("Store is corrupt: " + e.getMessage(), e);
    }
  }

  private static byte[] tagged(char kind, JobState state) {
    var json = MessageCodec.encode(state);
    var bytes = new byte[json.length + 1];
    bytes[0] = (byte) kind;
    System.arraycopy(json, 0, bytes, 1, json.length);
    return bytes;
  }
}
