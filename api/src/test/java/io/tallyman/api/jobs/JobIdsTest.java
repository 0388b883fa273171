package io.tallyman.api.jobs;

import static org.assertj.core.api.Assertions.assertThat;

import io.tallyman.schemas.job.EndpointName;
import io.tallyman.schemas.job.JobId;
import java.time.Instant;
import java.time.InstantSource;
import java.util.SplittableRandom;
import java.util.UUID;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class JobIdsTest {

  private static final EndpointName OTHER = new EndpointName("other");
  private static final Credential ALICE = new Credential("a1");

  @Test
  void shouldMakeUuidsOfVersion7ThatSortByTime() {
    // given
    var earlier = ids(Instant.parse("2026-11-24T10:00:00.000Z"));
    var later = ids(Instant.parse("2026-11-24T10:00:00.001Z"));

    // when
    var first = earlier.async().value();
    var second = later.async().value();

    // then
    assertThat(UUID.fromString(first))
        .extracting(UUID::version, UUID::variant)
        .containsExactly(7, 2);
    assertThat(first).isLessThan(second);
    assertThat(later.sync().value()).startsWith("sync-").hasSize(41);
  }

  @Test
  void shouldNotRepeatAnIdWithinAMillisecond() {
    var ids = ids(Instant.EPOCH);

    var all = IntStream.range(0, 10_000).mapToObj(_ -> ids.async()).collect(Collectors.toSet());

    assertThat(all).hasSize(10_000);
  }

  @Test
  void shouldDeriveOneIdFromOneKey() {
    var id = JobIds.derived(ALICE, EndpointName.DEFAULT, "key");

    assertThat(id).isEqualTo(JobIds.derived(ALICE, EndpointName.DEFAULT, "key"));
    assertThat(UUID.fromString(id.value()))
        .extracting(UUID::version, UUID::variant)
        .containsExactly(8, 2);
  }

  @Test
  void shouldDeriveOtherIdsFromOtherCredentialsEndpointsAndKeys() {
    assertThat(
            new JobId[] {
              JobIds.derived(ALICE, EndpointName.DEFAULT, "key"),
              JobIds.derived(Credential.ANONYMOUS, EndpointName.DEFAULT, "key"),
              JobIds.derived(ALICE, OTHER, "key"),
              JobIds.derived(ALICE, EndpointName.DEFAULT, "key2"),
              // A character that moves from one part to the next is another request.
              JobIds.derived(new Credential("a"), new EndpointName("1default"), "key")
            })
        .doesNotHaveDuplicates();
  }

  @Test
  void shouldFingerprintWithSha256() {
    assertThat(JobIds.fingerprint(new byte[0]))
        .isEqualTo("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  }

  private static JobIds ids(Instant now) {
    return new JobIds(InstantSource.fixed(now), new SplittableRandom(1));
  }
}
