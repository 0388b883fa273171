package io.tallyman.processor.domain;

import static io.tallyman.processor.Jobs.JOB;
import static io.tallyman.processor.Jobs.LEASE;
import static io.tallyman.processor.Jobs.MAX_ATTEMPTS;
import static io.tallyman.processor.Jobs.NOT_SERVED;
import static io.tallyman.processor.Jobs.OTHER_RUNNER;
import static io.tallyman.processor.Jobs.OUTPUT;
import static io.tallyman.processor.Jobs.RETENTION;
import static io.tallyman.processor.Jobs.T0;
import static io.tallyman.processor.Jobs.cancel;
import static io.tallyman.processor.Jobs.complete;
import static io.tallyman.processor.Jobs.fail;
import static io.tallyman.processor.Jobs.release;
import static io.tallyman.processor.Jobs.request;
import static io.tallyman.processor.Jobs.retry;
import static io.tallyman.processor.Jobs.start;
import static io.tallyman.processor.Jobs.submit;
import static io.tallyman.processor.domain.JobLife.at;
import static io.tallyman.processor.domain.JobLife.given;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.tallyman.schemas.job.EndpointName;
import io.tallyman.schemas.job.JobCommand;
import io.tallyman.schemas.job.JobRequest;
import io.tallyman.schemas.job.Policy;
import io.tallyman.schemas.job.Rejection.Code;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** What a refusal says: a code for programs, and one sentence for people. */
class RefusalTest {

  @Test
  void shouldRefuseARetryWhenTheEndpointIsNoLongerServed() {
    var life = given(at(0, submit()), at(1, start(1)), at(2, fail(1)));
    assertThat(withoutEndpoints().decide(life.state(), retry(), T0.plusSeconds(3)))
        .isEqualTo(
            new Decision.Rejected(
                Code.UNKNOWN_ENDPOINT,
                "Expected to retry job 'job-1', but endpoint 'default' is not served"));
  }

  @Test
  void shouldSayWhatIsWhenItRefuses() {
    given()
        .when(at(0, submit(request(NOT_SERVED, "f00d", false))))
        .thenRefused(
            Code.UNKNOWN_ENDPOINT,
            "Expected to submit job 'job-1', but endpoint 'not-served' is not served")
        .when(at(0, cancel()))
        .thenRefused(Code.NOT_FOUND, "Expected to cancel job 'job-1', but there is none")
        .when(at(0, submit()))
        .when(at(1, submit()))
        .thenRefused(
            Code.ALREADY_EXISTS,
            "Expected to submit job 'job-1', but the same request was accepted before")
        .when(at(1, complete(1)))
        .thenRefused(
            Code.INVALID_STATE, "Expected to complete job 'job-1', but attempt 1 was not started")
        .when(at(1, start(1)))
        .when(at(2, new JobCommand.Start(JOB, 1, OTHER_RUNNER)))
        .thenRefused(
            Code.INVALID_STATE, "Expected to start job 'job-1', but runner 'runner-1' runs it")
        .when(at(2, new JobCommand.Fail(JOB, 1, OTHER_RUNNER, "x")))
        .thenRefused(
            Code.INVALID_STATE, "Expected to fail job 'job-1', but runner 'runner-1' runs it")
        .when(at(2, release(2)))
        .thenRefused(
            Code.STALE_ATTEMPT,
            "Expected to release job 'job-1' at attempt 2, but attempt 1 is the current one")
        .when(at(3, complete(1)))
        .when(at(4, retry()))
        .thenRefused(Code.INVALID_STATE, "Expected to retry job 'job-1', but it is COMPLETED");
  }

  @Test
  void shouldKnowARequestByItsFingerprintAlone() {
    var same =
        new JobRequest(
            EndpointName.DEFAULT,
            OUTPUT,
            Policy.DEFAULT,
            Optional.empty(),
            request().fingerprint());

    given(at(0, submit()))
        .when(at(1, submit(same)))
        .thenRefused(
            Code.ALREADY_EXISTS,
            "Expected to submit job 'job-1', but the same request was accepted before");
  }

  @Test
  void shouldSayThatTheLogIsCorruptWhenAnEventCannotFollow() {
    var completed = given(at(0, submit()), at(1, start(1)), at(2, complete(1)));
    var started = completed.log().get(1);

    assertThatThrownBy(() -> JobEvolution.evolve(completed.state(), started))
        .isInstanceOf(IllegalStateException.class)
        .hasMessage("Log is corrupt: JobStarted of job 'job-1' cannot follow Ended");
  }

  private static JobDecider withoutEndpoints() {
    return new JobDecider(Set.of(), RETENTION, LEASE, MAX_ATTEMPTS);
  }
}
