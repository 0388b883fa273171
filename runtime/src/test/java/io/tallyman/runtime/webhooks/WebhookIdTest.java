package io.tallyman.runtime.webhooks;

import static org.assertj.core.api.Assertions.assertThat;

import io.tallyman.schemas.job.EndpointName;
import io.tallyman.schemas.job.JobId;
import java.util.HashSet;
import org.junit.jupiter.api.Test;

class WebhookIdTest {

  private static final JobId JOB = new JobId("0193a3c0-5d1e-7cc0-8f35-1f0d2b1f9a10");

  @Test
  void shouldBeTheSameForEver() {
    // A receiver may keep it for years to know what it has seen: a new value is a new event to it.
    assertThat(WebhookId.of(JOB, 1, EndpointName.DEFAULT))
        .isEqualTo("msg_epQ8UcXkRtVLqb8yRBVqDJw8DfL");
  }

  @Test
  void shouldDifferWhenJobSequenceOrEndpointDiffer() {
    // given
    var ids = new HashSet<String>();

    // when
    for (var sequence = 1; sequence <= 100; sequence++) {
      ids.add(WebhookId.of(JOB, sequence, EndpointName.DEFAULT));
      ids.add(WebhookId.of(JOB, sequence, new EndpointName("other")));
      ids.add(WebhookId.of(new JobId("job-" + sequence), 1, EndpointName.DEFAULT));
    }

    // then
    assertThat(ids).hasSize(300).allMatch(id -> id.matches("msg_[0-9A-Za-z]{27}"));
  }
}
