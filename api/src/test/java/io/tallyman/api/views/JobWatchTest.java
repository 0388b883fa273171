package io.tallyman.api.views;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.tallyman.api.views.JobWatch.Note;
import io.tallyman.schemas.job.JobId;
import io.tallyman.schemas.job.Rejection;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(10)
class JobWatchTest {

  private static final JobId JOB = new JobId("job-1");
  private static final Duration LONG = Duration.ofSeconds(5);

  private final JobWatch watch = new JobWatch();

  @Test
  void shouldKeepWhatHappensBetweenRegistrationAndWait() throws Unavailable {
    try (var waiter = watch.register(JOB)) {
      var event = Events.queued(JOB);
      watch.tell(event);

      assertThat(waiter.next(Duration.ZERO)).contains(new Note.Happened(event));
      assertThat(waiter.next(Duration.ZERO)).isEmpty();
    }
  }

  @Test
  void shouldTellAllWaitersOfAJobAndNoOthers() throws Unavailable {
    try (var one = watch.register(JOB);
        var two = watch.register(JOB);
        var other = watch.register(new JobId("job-2"))) {
      var rejection = new Rejection(JOB, "c", "t", Rejection.Code.NOT_FOUND, "detail", Events.TIME);
      watch.tell(rejection);

      assertThat(one.next(Duration.ZERO)).contains(new Note.Refused(rejection));
      assertThat(two.next(Duration.ZERO)).contains(new Note.Refused(rejection));
      assertThat(other.next(Duration.ZERO)).isEmpty();
    }
  }

  @Test
  void shouldWakeAParkedThread() throws Exception {
    try (var waiter = watch.register(JOB)) {
      var note = CompletableFuture.supplyAsync(() -> waiter.next(LONG));

      watch.tell(Events.queued(JOB));

      assertThat(note.get(1, TimeUnit.SECONDS)).isPresent();
    }
  }

  @Test
  void shouldKeepTheNewestNotesWhenNobodyReads() throws Unavailable {
    try (var waiter = watch.register(JOB)) {
      for (int i = 1; i <= 1_000; i++) {
        watch.tell(Events.started(JOB, i));
      }

      var last = Optional.<Note>empty();
      for (var note = waiter.next(Duration.ZERO);
          note.isPresent();
          note = waiter.next(Duration.ZERO)) {
        last = note;
      }
      assertThat(last).contains(new Note.Happened(Events.started(JOB, 1_000)));
    }
  }

  @Test
  void shouldWakeAllWhenItStops() throws Exception {
    try (var before = watch.register(JOB)) {
      var note = CompletableFuture.supplyAsync(() -> before.next(LONG));
      watch.close();

      assertThat(note.get(1, TimeUnit.SECONDS)).contains(new Note.Stopping());
      try (var after = watch.register(JOB)) {
        assertThat(after.next(LONG)).contains(new Note.Stopping());
      }
    }
  }

  @Test
  void shouldBeBoundedAndFreeWhatIsClosed() throws Unavailable {
    var waiters = new ArrayList<JobWatch.Waiter>();
    for (int i = 0; i < JobWatch.MAX_WAITERS; i++) {
      waiters.add(watch.register(JOB));
    }

    assertThatThrownBy(() -> watch.register(JOB))
        .isInstanceOfSatisfying(
            Unavailable.class, e -> assertThat(e.reason()).isEqualTo(Unavailable.Reason.BUSY));
    waiters.getFirst().close();
    watch.register(JOB).close();
  }
}
