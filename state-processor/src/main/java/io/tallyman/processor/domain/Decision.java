package io.tallyman.processor.domain;

import io.tallyman.schemas.job.JobEvent;
import io.tallyman.schemas.job.Rejection;
import java.time.Instant;
import java.util.List;
import java.util.Optional;

/** What the rules answer to a command. */
public sealed interface Decision {

  /**
   * The command stands.
   *
   * @param events the facts; none: it is already so
   * @param leaseUntil until when the runner holds the attempt from now on, if that changes. No fact
   *     of the job's life: it is renewed every few seconds, and only its end is told
   */
  record Accepted(List<JobEvent> events, Optional<Instant> leaseUntil) implements Decision {
    public Accepted {
      events = List.copyOf(events);
    }

    Accepted(JobEvent... events) {
      this(List.of(events), Optional.empty());
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
