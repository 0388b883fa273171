package io.tallyman.processor.domain;

import io.tallyman.schemas.job.JobEvent;
import io.tallyman.schemas.job.Rejection;
import java.util.List;

/** What the rules answer to a command. */
public sealed interface Decision {

  /** The command stands; these are the facts. None: it is already so. */
  record Accepted(List<JobEvent> events) implements Decision {
    public Accepted {
      events = List.copyOf(events);
    }
  }

  /**
   * The command is refused.
   *
   * @param code stable, for programs
   * @param detail one sentence, {@code Expected to <verb> job '<id>', but <what is>}
   */
  record Rejected(Rejection.Code code, String detail) implements Decision {}
}
