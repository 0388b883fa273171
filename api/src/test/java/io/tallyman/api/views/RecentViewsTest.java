package io.tallyman.api.views;

import static org.assertj.core.api.Assertions.assertThat;

import io.tallyman.runtime.redis.JobViews.Entry;
import io.tallyman.schemas.job.EndpointName;
import io.tallyman.schemas.job.JobId;
import io.tallyman.schemas.job.JobStatus;
import java.time.InstantSource;
import org.junit.jupiter.api.Test;

class RecentViewsTest {

  private static final InstantSource CLOCK = InstantSource.fixed(Events.TIME);
  private static final JobId JOB = new JobId("job-1");

  private final RecentViews views = new RecentViews(CLOCK);

  @Test
  void shouldShowAnAcceptedJobUntilItsFirstEvent() {
    views.accept(RecentViews.accepted(JOB, EndpointName.DEFAULT, CLOCK));
    assertThat(views.find(JOB)).map(Entry::sequence).contains(0L);

    views.put(Events.queued(JOB));
    assertThat(views.find(JOB)).map(Entry::sequence).contains(1L);
  }

  @Test
  void shouldNotGoBackToAcceptedWhenTheEventWasFaster() {
    views.put(Events.queued(JOB));
    views.accept(RecentViews.accepted(JOB, EndpointName.DEFAULT, CLOCK));

    assertThat(views.find(JOB)).map(Entry::sequence).contains(1L);
  }

  @Test
  void shouldKeepTheNewerOfTwo() {
    views.put(Events.completed(JOB, 3, "1"));
    views.put(Events.started(JOB, 2));

    assertThat(views.find(JOB)).map(entry -> entry.view().status()).contains(JobStatus.COMPLETED);
  }

  @Test
  void shouldForgetTheOldestBeyondItsBounds() {
    for (int i = 0; i <= RecentViews.MAX_VIEWS; i++) {
      views.put(Events.queued(new JobId("job-" + i)));
    }
    assertThat(views.find(new JobId("job-0"))).isEmpty();
    assertThat(views.find(new JobId("job-1"))).isPresent();

    var large = "\"" + "x".repeat((int) RecentViews.MAX_BYTES / 2) + "\"";
    views.put(Events.completed(new JobId("large-1"), 3, large));
    assertThat(views.find(new JobId("large-1"))).isPresent();
    views.put(Events.completed(new JobId("large-2"), 3, large));
    assertThat(views.find(new JobId("large-1"))).isEmpty();
    assertThat(views.find(new JobId("large-2"))).isPresent();
  }

  @Test
  void shouldForgetTheOldestAcceptedBeyondTheirBound() {
    for (int i = 0; i <= RecentViews.MAX_ACCEPTED; i++) {
      views.accept(RecentViews.accepted(new JobId("job-" + i), EndpointName.DEFAULT, CLOCK));
    }

    assertThat(views.find(new JobId("job-0"))).isEmpty();
    assertThat(views.find(new JobId("job-1"))).isPresent();
  }

  @Test
  void shouldKeepNothingOfAnAcceptedJobWhenItsEventsAreForgotten() {
    // given
    views.accept(RecentViews.accepted(JOB, EndpointName.DEFAULT, CLOCK));
    views.put(Events.queued(JOB));

    // when
    for (int i = 0; i < RecentViews.MAX_VIEWS; i++) {
      views.put(Events.queued(new JobId("other-" + i)));
    }

    // then it is not back in the state before its first event
    assertThat(views.find(JOB)).isEmpty();
  }
}
