package io.tallyman.runner.attempt;

import io.tallyman.schemas.job.JobOutput.Channel;
import java.util.ArrayList;
import java.util.List;

/** Keeps what an attempt said. */
public final class RecordedOutput implements OutputSink {

  /** One call. */
  public record Said(Channel channel, String text) {}

  private final List<Said> said = new ArrayList<>();

  @Override
  public synchronized void accept(Channel channel, String text) {
    said.add(new Said(channel, text));
  }

  /** All calls so far. */
  public synchronized List<Said> said() {
    return List.copyOf(said);
  }

  /** All text of a channel, as one. */
  public synchronized String text(Channel channel) {
    var text = new StringBuilder();
    said.stream().filter(one -> one.channel() == channel).forEach(one -> text.append(one.text()));
    return text.toString();
  }
}
