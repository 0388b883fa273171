package io.tallyman.runner;

import io.tallyman.runner.attempt.AttemptRuntime;
import io.tallyman.runner.attempt.Attempts;
import io.tallyman.runner.docker.DockerRuntime;
import io.tallyman.runner.files.JobFolders;
import io.tallyman.runner.http.HttpTransfer;
import io.tallyman.runner.kafka.ReportWriter;
import io.tallyman.runner.kafka.RunnerTopics;
import io.tallyman.runner.process.ProcessRuntime;
import io.tallyman.runtime.Service;
import io.tallyman.runtime.SteadyClock;
import io.tallyman.runtime.net.VettedResolver;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The worker-runner: takes dispatched attempts into its slots, runs each when the state-processor
 * says so, reports what came of it. Several run side by side, each with an id of its own.
 */
public final class Runner implements Service {

  private static final Logger LOG = LoggerFactory.getLogger(Runner.class);

  private final AttemptRuntime runtime;
  private final ReportWriter writer;
  private final Attempts attempts;
  private final RunnerTopics topics;
  private final Duration drain;
  private volatile boolean isStopping;

  private Runner(
      AttemptRuntime runtime,
      ReportWriter writer,
      Attempts attempts,
      RunnerTopics topics,
      Duration drain) {
    this.drain = drain;
    this.runtime = runtime;
    this.writer = writer;
    this.attempts = attempts;
    this.topics = topics;
  }

  /**
   * Starts a runner; it connects to Kafka and to the engine in the background. With {@link
   * RuntimeChoice#AUTO} the choice is made first, see {@link RuntimeChoice#resolve}.
   */
  public static Runner start(RunnerSettings settings) {
    var resolved =
        settings.runtime().resolve(settings.dockerHost(), settings.common().endpoints().all());
    LOG.info("{}", resolved.why());
    var folders =
        new JobFolders(
            settings.common().dataDir().resolve("attempts").resolve(settings.id().value()),
            new HttpTransfer(new VettedResolver(settings.common().addresses())));
    AttemptRuntime runtime =
        switch (resolved.choice()) {
          case PROCESS -> new ProcessRuntime(folders, Optional.ofNullable(System.getenv("PATH")));
          case DOCKER, AUTO ->
              new DockerRuntime(settings.dockerHost(), settings.id(), folders, settings.slots());
        };
    return start(settings, runtime);
  }

  /** Starts a runner on a runtime of the caller's, which is closed with it. */
  public static Runner start(RunnerSettings settings, AttemptRuntime runtime) {
    var clock = SteadyClock.beginningAt(Instant.now());
    var common = settings.common();
    var writer = new ReportWriter(common.kafka(), settings.id(), clock);
    var attempts = new Attempts(common.endpoints(), runtime, writer, settings.slots());
    var topics =
        new RunnerTopics(
            common,
            new RunnerTopics.Identity(settings.id(), runtime.name()),
            settings.batch(),
            attempts,
            writer,
            clock);
    topics.start();
    return new Runner(runtime, writer, attempts, topics, settings.drain());
  }

  @Override
  public List<Health> health() {
    return isStopping
        ? List.of(Health.notReady("runner", "told to stop: takes nothing new, ends what it has"))
        : List.of(topics.health(), runtime.health());
  }

  /** As every service does, but what runs has the time of {@link RunnerSettings#drain} first. */
  @Override
  public void close() {
    isStopping = true;
    if (drain.isPositive()) {
      topics.stopTaking();
      attempts.drain(drain);
    }
    // In this order: nothing new comes, what runs is killed and handed back, that is flushed.
    topics.close();
    attempts.close();
    writer.close();
    runtime.close();
    LOG.info("runner stopped");
  }

  @Override
  public void hurry() {
    attempts.hurry();
  }
}
