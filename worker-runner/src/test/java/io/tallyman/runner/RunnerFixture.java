package io.tallyman.runner;

import io.tallyman.embedded.EmbeddedKafka;
import io.tallyman.runner.attempt.Attempt;
import io.tallyman.runner.attempt.AttemptRuntime;
import io.tallyman.runner.attempt.Await;
import io.tallyman.runner.attempt.Outcome;
import io.tallyman.runner.attempt.OutputSink;
import io.tallyman.runner.attempt.StopSignal;
import io.tallyman.runner.kafka.TestProcessor;
import io.tallyman.runtime.Service.Health;
import io.tallyman.runtime.kafka.TopicSetup;
import io.tallyman.schemas.Topics;
import io.tallyman.schemas.job.EndpointName;
import io.tallyman.schemas.job.RawJson;
import io.tallyman.schemas.job.RunnerId;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.io.TempDir;

/** A real broker, runners on it, and the test in the place of the state-processor. */
abstract class RunnerFixture {

  private static final Set<EndpointName> NAMES = Set.of(EndpointName.DEFAULT);

  @TempDir static Path dataDir;

  static EmbeddedKafka kafka;

  final List<Runner> runners = new ArrayList<>();
  TestProcessor processor;

  @BeforeAll
  static void startKafka() throws Exception {
    kafka = EmbeddedKafka.start(dataDir.resolve("kafka"));
    TopicSetup.ensure(kafka.bootstrapServers(), Topics.all(NAMES));
  }

  @AfterAll
  static void stopKafka() {
    kafka.close();
  }

  @BeforeEach
  void listen() {
    processor = new TestProcessor(kafka.bootstrapServers());
  }

  @AfterEach
  void close() {
    runners.forEach(Runner::close);
    processor.close();
  }

  RunnerId start(int slots, int batch) {
    var settings = settings(kafka.bootstrapServers(), slots, batch);
    var runner = Runner.start(settings);
    runners.add(runner);
    awaitReady(runner);
    return settings.id();
  }

  static void awaitReady(Runner runner) {
    Await.until("ready", () -> runner.health().stream().allMatch(Health::isReady));
  }

  static RunnerSettings settings(String bootstrapServers, int slots, int batch) {
    return RunnerSettings.from(
        Map.of(
            "TALLY_KAFKA",
            bootstrapServers,
            "TALLY_DATA_DIR",
            dataDir.resolve("data").toString(),
            "TALLY_RUNNER_ID",
            "it-" + UUID.randomUUID(),
            "TALLY_RUNNER_SLOTS",
            Integer.toString(slots),
            "TALLY_RUNNER_BATCH",
            Integer.toString(batch),
            "TALLY_RUNNER_RUNTIME",
            "process",
            "TALLY_RUNNER_DRAIN",
            "0s"));
  }

  static final class NoRuntime implements AttemptRuntime {
    @Override
    public String name() {
      return "noop";
    }

    @Override
    public Outcome run(Attempt attempt, OutputSink output, StopSignal stop) {
      return new Outcome.Succeeded(RawJson.NULL);
    }

    @Override
    public Health health() {
      return Health.ready("noop", "does nothing");
    }
  }
}
