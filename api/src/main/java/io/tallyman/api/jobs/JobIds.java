package io.tallyman.api.jobs;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.tallyman.schemas.job.EndpointName;
import io.tallyman.schemas.job.JobId;
import java.nio.ByteBuffer;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.InstantSource;
import java.util.HexFormat;
import java.util.UUID;
import java.util.random.RandomGenerator;
import java.util.regex.Pattern;

/**
 * Names for new jobs: UUIDs of version 7, which sort by time (RFC 9562 section 5.7), or of version
 * 8 when derived from an idempotency key. Thread-safe as far as its source of randomness is.
 */
public final class JobIds {

  private static final Pattern OURS =
      Pattern.compile(
          "(sync-)?\\p{XDigit}{8}-\\p{XDigit}{4}-[78]\\p{XDigit}{3}-\\p{XDigit}{4}-\\p{XDigit}{12}");

  private static final long VARIANT = 0x8000_0000_0000_0000L;
  private static final long VARIANT_MASK = 0x3FFF_FFFF_FFFF_FFFFL;

  private final InstantSource clock;
  private final RandomGenerator random;

  /** With 74 random bits per id, which must not be guessable. */
  public JobIds(InstantSource clock, RandomGenerator random) {
    this.clock = clock;
    this.random = random;
  }

  /** An id that nobody has, such as {@code 0193a3c0-5d1e-7cc0-8f35-1f0d2b1f9a10}. */
  public UUID next() {
    var time = clock.millis() << 16;
    return new UUID(
        time | 0x7000 | (random.nextLong() & 0x0FFF), VARIANT | (random.nextLong() & VARIANT_MASK));
  }

  /** The id of a new job of {@code /run}. */
  public JobId async() {
    return new JobId(next().toString());
  }

  /** The id of a new job of {@code /runsync}: RunPod's carry this prefix. */
  public JobId sync() {
    return new JobId("sync-" + next());
  }

  /**
   * The id of a job under an idempotency key: the same for the same key, endpoint and credential,
   * on {@code /run} and {@code /runsync} alike.
   */
  public static JobId derived(Credential credential, EndpointName endpoint, String key) {
    var digest = sha256();
    for (var part : new String[] {credential.fingerprint(), endpoint.value(), key}) {
      var bytes = part.getBytes(UTF_8);
      // The length first: otherwise a character could move from one part to the next.
      digest.update(ByteBuffer.allocate(Integer.BYTES).putInt(bytes.length).array());
      digest.update(bytes);
    }
    var hash = ByteBuffer.wrap(digest.digest());
    return new JobId(
        new UUID(
                (hash.getLong() & 0xFFFF_FFFF_FFFF_0FFFL) | 0x8000,
                VARIANT | (hash.getLong() & VARIANT_MASK))
            .toString());
  }

  /** Whether an api could have made this id; a client's slip seldom looks like one. */
  static boolean isOurs(JobId job) {
    return OURS.matcher(job.value()).matches();
  }

  /** SHA-256 in lower-case hex. */
  public static String fingerprint(byte[] bytes) {
    return HexFormat.of().formatHex(sha256().digest(bytes));
  }

  private static MessageDigest sha256() {
    try {
      return MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("Expected every JDK to have SHA-256, but it is missing", e);
    }
  }
}
