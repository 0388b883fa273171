package io.tallyman.chaos.load;

import io.tallyman.chaos.load.JobProgram.Submission;
import java.time.Duration;
import java.util.OptionalInt;
import java.util.SplittableRandom;

/**
 * The programs of jobs: the one command that runs them, and an endless row of random ones that
 * follows from a seed alone.
 *
 * <p>The input is {@code {"seed":"<hex>","program":"…","sleepMillis":n,"padding":"…"}}. A program
 * that succeeds leaves {@code {"hash":"<sha256 hex of '<seed>:<attempt>'>"}}:
 *
 * <ul>
 *   <li>{@code succeed}, {@code sleep}: after {@code sleepMillis}
 *   <li>{@code noisy}: after 200 KB on each of its outputs
 *   <li>{@code ignore-term}: after {@code sleepMillis}, deaf to SIGTERM
 *   <li>{@code fail}: exit code 1; {@code exit-<n>}: that exit code; both after {@code sleepMillis}
 *   <li>{@code hang}: never ends by itself
 * </ul>
 */
public final class JobPrograms {

  /** For busybox as well as for the host's sh, whatever that is. */
  private static final String COMMAND =
      """
      field() { grep -o "\\"$1\\":\\"*[0-9a-z-]*" input.json | head -n 1 | sed 's/.*[":]//'; }
      seed=$(field seed)
      program=$(field program)
      millis=$(field sleepMillis)
      pause() { sleep "$(printf '%d.%03d' $((millis / 1000)) $((millis % 1000)))"; }
      case "$program" in
        succeed|sleep) pause ;;
        noisy)
          line=$(printf '%099d' 0)
          for i in $(seq 2000); do echo "$line"; echo "$line" >&2; done
          pause ;;
        ignore-term) trap '' TERM; pause ;;
        hang) exec sleep 3600 ;;
        fail) pause; echo "failing as told" >&2; exit 1 ;;
        exit-*) pause; exit "${program#exit-}" ;;
        *) echo "no such program: '$program'" >&2; exit 99 ;;
      esac
      hash=$(printf '%s:%s' "$seed" "$TALLY_ATTEMPT" | sha256sum | cut -d ' ' -f 1)
      printf '{"hash":"%s"}' "$hash" > output.json
      """;

  private static final int SMALL = 4_000;
  private static final int LARGE = 200_000;
  private static final String[] SCRAPS = {"abc", "0123456789", " ", "é", "日本", "😀", "\\n", "\\\""};

  private final SplittableRandom random;

  /**
   * @param random the programs follow from its seed, and from nothing else
   */
  JobPrograms(SplittableRandom random) {
    this.random = random;
  }

  /**
   * Text of the endpoints file: the endpoint {@code default}, whose command runs the programs in
   * the docker runtime (busybox) and in the process runtime (the host's {@code sh}).
   *
   * @param webhookSecret {@code whsec_…}
   * @param webhookAttempts requests per event
   * @param webhookDelay from a failed request to the next
   */
  public static String endpointsYaml(
      String webhookSecret, int webhookAttempts, Duration webhookDelay) {
    return """
    endpoints:
      default:
        image: busybox:latest
        command:
          - sh
          - -c
          - |
    %s
        limits: {memory: 64MiB, scratch: 4MiB, log: 64KiB}
        webhook: {secret: %s, attempts: %d, delay: %dms, deadline: 5s}
    """
        .formatted(
            COMMAND.indent(8).stripTrailing(),
            webhookSecret,
            webhookAttempts,
            webhookDelay.toMillis());
  }

  /** The next one. */
  JobProgram next() {
    var seed = "%016x".formatted(random.nextLong());
    var kind = random.nextInt(100);
    if (kind < 64) {
      return program(seed, "succeed", random.nextInt(200));
    } else if (kind < 74) {
      return program(seed, "sleep", random.nextInt(500, 2_500));
    } else if (kind < 81) {
      return program(seed, "fail", random.nextInt(200));
    } else if (kind < 87) {
      return program(seed, "exit-" + random.nextInt(2, 126), random.nextInt(200));
    } else if (kind < 94) {
      return program(seed, "noisy", random.nextInt(200));
    } else if (kind < 97) {
      return program(seed, "ignore-term", random.nextInt(500, 15_000));
    } else {
      return program(seed, "hang", 0);
    }
  }

  private JobProgram program(String seed, String program, int sleepMillis) {
    // What may outlast its welcome has a limit, so that every job ends.
    var isLong = program.equals("hang") || program.equals("ignore-term");
    return new JobProgram(
        seed,
        program,
        sleepMillis,
        padding(),
        isLong || chance(10) ? OptionalInt.of(random.nextInt(5_000, 7_000)) : OptionalInt.empty(),
        chance(8) ? OptionalInt.of(random.nextInt(10_000, 30_000)) : OptionalInt.empty(),
        chance(10),
        webhookPath(),
        submission(),
        chance(8));
  }

  private String padding() {
    var kind = random.nextInt(100);
    if (kind < 75) {
      return "";
    }
    var length = random.nextInt(kind < 97 ? SMALL : LARGE);
    var padding = new StringBuilder();
    while (padding.length() < length) {
      padding.append(SCRAPS[random.nextInt(SCRAPS.length)]);
    }
    return padding.toString();
  }

  private String webhookPath() {
    var kind = random.nextInt(100);
    if (kind < 76) {
      return "/ok";
    } else if (kind < 84) {
      return "/flaky/" + random.nextInt(1, 4);
    } else if (kind < 90) {
      return "/drop/" + random.nextInt(1, 3);
    } else if (kind < 95) {
      return "/slow/" + random.nextInt(1_000, 2_000);
    } else if (kind < 98) {
      return "/busy/1";
    } else {
      return "/broken";
    }
  }

  private Submission submission() {
    var kind = random.nextInt(100);
    if (kind < 30) {
      return Submission.PLAIN;
    } else if (kind < 80) {
      return Submission.KEYED;
    } else if (kind < 90) {
      return Submission.DOUBLE;
    } else {
      return Submission.REPEATED;
    }
  }

  private boolean chance(int percent) {
    return random.nextInt(100) < percent;
  }
}
