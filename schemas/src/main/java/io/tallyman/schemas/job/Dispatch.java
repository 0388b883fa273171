package io.tallyman.schemas.job;

/**
 * An attempt that waits to be run: the value of a record on {@code job-dispatch.<endpoint>}, or on
 * {@code job-dispatch.<endpoint>.low}. Runners take it through a share group, once or more often;
 * whoever takes it must get a {@link RunnerControl.Run} for its {@link JobCommand.Start} before
 * running anything.
 */
public record Dispatch(JobId jobId, EndpointName endpoint, int attempt, RawJson input) {}
