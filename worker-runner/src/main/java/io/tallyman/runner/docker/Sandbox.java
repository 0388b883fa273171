package io.tallyman.runner.docker;

import com.github.dockerjava.api.model.Capability;
import com.github.dockerjava.api.model.HostConfig;
import com.github.dockerjava.api.model.LogConfig;
import com.github.dockerjava.api.model.RestartPolicy;
import com.github.dockerjava.api.model.Ulimit;
import io.tallyman.runner.attempt.Attempt;
import io.tallyman.runtime.endpoints.Endpoint.Limits;
import io.tallyman.schemas.job.RunnerId;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * What a job's container may do: as little as a container can. Nothing here comes from a request,
 * and no setting can loosen it but the endpoint's limits.
 */
final class Sandbox {

  /** {@code nobody}, whatever the image says. */
  static final int UID = 65_534;

  /** {@code uid:gid} of {@link #UID}. */
  static final String USER = UID + ":" + UID;

  /** The job's folder, the one place outside of memory that it may write to. */
  static final String FOLDER = "/job";

  static final String LABEL_JOB = "tallyman.job";
  static final String LABEL_ATTEMPT = "tallyman.attempt";
  static final String LABEL_RUNNER = "tallyman.runner";
  static final String LABEL_ENDPOINT = "tallyman.endpoint";
  static final String LABEL_DEADLINE = "tallyman.deadline";
  static final String LABEL_LEASE = "tallyman.lease";

  private static final long OPEN_FILES = 1_024;
  private static final long NANOS_PER_CPU = 1_000_000_000L;

  private Sandbox() {}

  /** The engine's settings for a container with these limits. */
  static HostConfig hostConfig(Limits limits) {
    return HostConfig.newHostConfig()
        .withCapDrop(Capability.ALL)
        .withSecurityOpts(List.of("no-new-privileges"))
        .withReadonlyRootfs(true)
        // uid and gid are essential: a mode alone loses to the mode of the image's own folder.
        .withTmpFs(
            Map.of(
                "/tmp", "rw,noexec,nosuid,nodev," + tmpfs(limits),
                "/scratch", "rw,exec,nosuid,nodev," + tmpfs(limits)))
        .withMemory(limits.memory())
        // Equal: no swap.
        .withMemorySwap(limits.memory())
        .withNanoCPUs((long) (limits.cpus() * NANOS_PER_CPU))
        .withPidsLimit((long) limits.pids())
        .withUlimits(
            List.of(new Ulimit("nofile", OPEN_FILES, OPEN_FILES), new Ulimit("core", 0L, 0L)))
        .withNetworkMode(limits.network() ? "bridge" : "none")
        .withIpcMode("private")
        .withInit(true)
        .withPrivileged(false)
        .withPublishAllPorts(false)
        .withOomKillDisable(false)
        // Output is read as it comes; this only bounds what the engine keeps meanwhile.
        .withLogConfig(
            new LogConfig(LogConfig.LoggingType.LOCAL, Map.of("max-size", "10m", "max-file", "2")))
        .withRestartPolicy(RestartPolicy.noRestart())
        // The runner removes it, after it has read the exit code.
        .withAutoRemove(false);
  }

  /** Whose container it is, for people and for the runner's next process. */
  static Map<String, String> labels(Attempt attempt, RunnerId runner) {
    return Map.of(
        LABEL_JOB, attempt.id().jobId().value(),
        LABEL_ATTEMPT, Integer.toString(attempt.id().attempt()),
        LABEL_RUNNER, runner.value(),
        LABEL_ENDPOINT, attempt.endpoint().name().value(),
        LABEL_DEADLINE, attempt.deadline().toString(),
        LABEL_LEASE, attempt.lease().toString());
  }

  /** {@code NAME=value} of every variable. */
  static List<String> environment(Attempt attempt) {
    var environment = new ArrayList<>(List.of("HOME=" + FOLDER, "LANG=C.UTF-8", "TMPDIR=/scratch"));
    attempt.endpoint().environment().forEach((name, value) -> environment.add(name + "=" + value));
    environment.add("TALLY_JOB_ID=" + attempt.id().jobId());
    environment.add("TALLY_ATTEMPT=" + attempt.id().attempt());
    environment.add("TALLY_JOB_DIR=" + FOLDER);
    return environment;
  }

  private static String tmpfs(Limits limits) {
    return "size=%d,uid=%d,gid=%d,mode=0700".formatted(limits.scratch(), UID, UID);
  }
}
