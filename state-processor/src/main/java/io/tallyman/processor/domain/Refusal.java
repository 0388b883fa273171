package io.tallyman.processor.domain;

import io.tallyman.schemas.job.EndpointName;
import io.tallyman.schemas.job.JobCommand.Submit;
import io.tallyman.schemas.job.JobId;
import io.tallyman.schemas.job.JobStatus;
import io.tallyman.schemas.job.Rejection.Code;
import io.tallyman.schemas.job.RunnerId;

/** The sentences of refusals, in one grammar: {@code Expected to <verb> job '<id>', but …}. */
final class Refusal {

  private Refusal() {}

  static Decision taken(Submit submit, String fingerprint) {
    return fingerprint.equals(submit.request().fingerprint())
        ? of(
            Code.ALREADY_EXISTS,
            "Expected to submit job '%s', but the same request was accepted before"
                .formatted(submit.jobId()))
        : of(
            Code.ID_TAKEN,
            "Expected to submit job '%s', but another request was accepted under this id"
                .formatted(submit.jobId()));
  }

  static Decision of(Code code, String detail) {
    return new Decision.Rejected(code, detail);
  }

  static Decision notFound(String verb, JobId job) {
    return of(Code.NOT_FOUND, "Expected to %s job '%s', but there is none".formatted(verb, job));
  }

  static Decision wrongState(String verb, JobId job, JobStatus status) {
    return of(
        Code.INVALID_STATE, "Expected to %s job '%s', but it is %s".formatted(verb, job, status));
  }

  static Decision stale(String verb, JobId job, int attempt, int current) {
    return of(
        Code.STALE_ATTEMPT,
        "Expected to %s job '%s' at attempt %d, but attempt %d is the current one"
            .formatted(verb, job, attempt, current));
  }

  static Decision runByAnother(String verb, JobId job, RunnerId runner) {
    return of(
        Code.INVALID_STATE,
        "Expected to %s job '%s', but runner '%s' runs it".formatted(verb, job, runner));
  }

  static Decision notServed(String verb, JobId job, EndpointName endpoint) {
    return of(
        Code.UNKNOWN_ENDPOINT,
        "Expected to %s job '%s', but endpoint '%s' is not served".formatted(verb, job, endpoint));
  }
}
