package io.tallyman.runner.files;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.tallyman.runner.attempt.OutputSink;
import io.tallyman.runtime.endpoints.Endpoint.Limits;
import io.tallyman.schemas.job.JobOutput;
import io.tallyman.schemas.job.JobOutput.Channel;
import io.tallyman.schemas.job.RawJson;
import java.io.ByteArrayOutputStream;
import java.util.Arrays;
import java.util.Optional;

/**
 * What one attempt prints: passed on in whole lines up to the endpoint's log limit, searched for
 * its last line of JSON, and remembered for a moment in case it fails. Thread-safe: its monitor
 * guards all.
 */
public final class OutputLog {

  /** Enough of standard error to see why a command failed. */
  private static final int TAIL_BYTES = 1_024;

  private final OutputSink sink;
  private final Limits limits;
  private final Line stdout;
  private final Line stderr = new Line(Channel.STDERR, JobOutput.MAX_TEXT);
  private byte[] tail = new byte[0];
  private Optional<RawJson> lastJson = Optional.empty();
  private long left;

  /**
   * @param limits {@code log} bounds what is passed on, {@code output} the line that is a result
   */
  public OutputLog(OutputSink sink, Limits limits) {
    this.sink = sink;
    this.limits = limits;
    this.left = limits.log();
    this.stdout = new Line(Channel.STDOUT, (int) Math.max(JobOutput.MAX_TEXT, limits.output() + 1));
  }

  /** Takes the next {@code length} bytes of standard output. */
  public synchronized void stdout(byte[] bytes, int length) {
    append(stdout, bytes, length);
  }

  /** Takes the next {@code length} bytes of standard error. */
  public synchronized void stderr(byte[] bytes, int length) {
    append(stderr, bytes, length);
    var all = Arrays.copyOf(tail, tail.length + length);
    System.arraycopy(bytes, 0, all, tail.length, length);
    tail = Arrays.copyOfRange(all, Math.max(0, all.length - TAIL_BYTES), all.length);
  }

  /** Nothing more comes: passes on what did not end with a line feed. */
  public synchronized void end() {
    for (var line : new Line[] {stdout, stderr}) {
      var text = new ByteArrayOutputStream();
      flush(line, text);
      pass(line.channel, text);
    }
  }

  /** The last line of standard output that is JSON. */
  public synchronized Optional<RawJson> lastJson() {
    return lastJson;
  }

  /** The end of standard error, at most {@value #TAIL_BYTES} bytes, without outer white space. */
  public synchronized String stderrTail() {
    return new String(tail, UTF_8).strip();
  }

  private void append(Line line, byte[] bytes, int length) {
    var complete = new ByteArrayOutputStream();
    int from = 0;
    for (int i = 0; i < length; i++) {
      if (bytes[i] == '\n') {
        line.bytes.write(bytes, from, i + 1 - from);
        flush(line, complete);
        line.isBroken = false;
        from = i + 1;
      }
    }
    line.bytes.write(bytes, from, length - from);
    if (line.bytes.size() > line.bound) {
      // Longer than any result may be: only text, passed on in parts.
      line.isBroken = true;
      flush(line, complete);
    }
    pass(line.channel, complete);
  }

  private void flush(Line line, ByteArrayOutputStream complete) {
    var bytes = line.bytes.toByteArray();
    line.bytes.reset();
    if (line.channel == Channel.STDOUT && !line.isBroken) {
      JsonText.parse(bytes).ifPresent(json -> lastJson = Optional.of(json));
    }
    complete.writeBytes(bytes);
  }

  private void pass(Channel channel, ByteArrayOutputStream complete) {
    if (complete.size() == 0 || left <= 0) {
      return;
    }
    var bytes = complete.toByteArray();
    var kept = (int) Math.min(bytes.length, left);
    left -= kept;
    var text = new String(bytes, 0, kept, UTF_8);
    for (int from = 0; from < text.length(); from += JobOutput.MAX_TEXT) {
      sink.accept(
          channel, text.substring(from, Math.min(text.length(), from + JobOutput.MAX_TEXT)));
    }
    if (left == 0) {
      sink.accept(
          Channel.RUNNER,
          "output cut: the endpoint keeps %d bytes of it; the job goes on".formatted(limits.log()));
    }
  }

  /** A line that has not ended. */
  private static final class Line {
    final Channel channel;
    final int bound;
    final ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    boolean isBroken;

    Line(Channel channel, int bound) {
      this.channel = channel;
      this.bound = bound;
    }
  }
}
