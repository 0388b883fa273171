package io.tallyman.system;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import io.tallyman.cli.ServiceCommands;
import io.tallyman.runner.RunnerSettings;
import io.tallyman.runtime.Variable;
import io.tallyman.schemas.Topics;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.yaml.snakeyaml.LoaderOptions;
import org.yaml.snakeyaml.Yaml;
import org.yaml.snakeyaml.constructor.SafeConstructor;

/**
 * {@code docker-compose.yml} and {@code Dockerfile} fit the code, though nobody starts them here.
 */
class ComposeFileTest {

  private static final Path ROOT = Path.of("..");
  private static final List<String> OURS =
      List.of("api", "state-processor", "worker-runner", "webhook-dispatcher");

  /** A name and a tag with a number in it: what is started tomorrow is what was tried today. */
  private static final Pattern PINNED = Pattern.compile("[a-z0-9./-]+:[a-z-]*[0-9][a-z0-9.-]*");

  private static final JsonNode SERVICES = compose().path("services");

  @Test
  void shouldStartKafkaRedisAndTheFourServices() {
    var names = new ArrayList<String>();
    SERVICES.fieldNames().forEachRemaining(names::add);

    assertThat(names)
        .containsExactlyInAnyOrder(
            "kafka", "redis", "api", "state-processor", "worker-runner", "webhook-dispatcher");
  }

  @ParameterizedTest
  @MethodSource("ours")
  void shouldRunEachServiceByItsCommand(String name) {
    assertThat(SERVICES.path(name).path("command")).hasSize(1);
    assertThat(SERVICES.path(name).path("command").get(0).asText()).isEqualTo(name);
    assertThat(SERVICES.path(name).path("build").asText()).isEqualTo(".");
  }

  @ParameterizedTest
  @MethodSource("ours")
  void shouldSetOnlyWhatTheCodeReads(String name) {
    var environment = environment(name);

    assertThat(environment).containsKeys("TALLY_KAFKA", "TALLY_REDIS");
    assertThat(environment.keySet()).allMatch(variable -> variable.startsWith("TALLY_"));
    assertThatCode(() -> Variable.requireKnown(environment, ServiceCommands.variables()))
        .doesNotThrowAnyException();
    for (var variable : ServiceCommands.variables()) {
      assertThatCode(() -> variable.from(environment)).doesNotThrowAnyException();
    }
  }

  @ParameterizedTest
  @MethodSource("ours")
  void shouldAskTheServiceItselfWhetherItIsReady(String name) {
    var port =
        ServiceCommands.variables().stream()
            .filter(
                variable ->
                    variable
                        .name()
                        .equals(name.equals("api") ? "TALLY_API_PORT" : "TALLY_HEALTH_PORT"))
            .map(variable -> variable.from(environment(name)).toString())
            .findFirst()
            .orElseThrow();

    assertThat(SERVICES.path(name).path("healthcheck").path("test").toString())
        .contains("/readyz", "localhost/" + port);
  }

  @ParameterizedTest
  @MethodSource("all")
  void shouldWaitForAHealthyServiceOfAPinnedImage(String name) {
    var service = SERVICES.path(name);

    assertThat(service.path("healthcheck").path("test")).isNotEmpty();
    assertThat(service.path("image").asText()).matches(PINNED);
    service
        .path("depends_on")
        .forEach(on -> assertThat(on.path("condition").asText()).isEqualTo("service_healthy"));
  }

  @ParameterizedTest
  @MethodSource("all")
  void shouldUseOnlyVolumesThatAreDeclared(String name) {
    var declared = new ArrayList<String>();
    compose().path("volumes").fieldNames().forEachRemaining(declared::add);

    SERVICES
        .path(name)
        .path("volumes")
        .forEach(
            volume -> {
              var source = volume.asText().split(":", -1)[0];
              assertThat(
                      source.startsWith("/") || source.startsWith(".") || declared.contains(source))
                  .as(source)
                  .isTrue();
            });
  }

  @Test
  void shouldKeepWhatCostsTimeToRebuildOrCannotBe() {
    assertThat(Stream.of("api", "state-processor", "worker-runner"))
        .allSatisfy(
            name ->
                assertThat(SERVICES.path(name).path("volumes").toString())
                    .contains(":/var/lib/tallyman"));
    assertThat(SERVICES.path("kafka").path("volumes").toString())
        .contains(environment("kafka").get("KAFKA_LOG_DIRS"));
  }

  @ParameterizedTest
  @MethodSource("ours")
  void shouldKillNoServiceBeforeItHasStoppedByItself(String name) {
    var grace = Variable.parseDuration(SERVICES.path(name).path("stop_grace_period").asText("10s"));

    assertThat(grace)
        .isGreaterThanOrEqualTo(RunnerSettings.DRAIN.from(environment(name)).plusSeconds(8));
  }

  @Test
  void shouldGiveTheEnginesSocketToTheRunnerAlone() {
    for (var name : OURS) {
      assertThat(SERVICES.path(name).path("volumes").toString().contains("docker.sock"))
          .as(name)
          .isEqualTo(name.equals("worker-runner"));
    }
  }

  @Test
  void shouldHaveABrokerThatOurPromisesCanRestOn() {
    assertThat(environment("kafka"))
        .containsEntry("KAFKA_AUTO_CREATE_TOPICS_ENABLE", "false")
        .containsEntry("KAFKA_MESSAGE_MAX_BYTES", Integer.toString(Topics.MAX_RECORD_BYTES))
        .containsEntry("KAFKA_REPLICA_FETCH_MAX_BYTES", Integer.toString(Topics.MAX_RECORD_BYTES))
        .containsEntry("KAFKA_TRANSACTION_STATE_LOG_REPLICATION_FACTOR", "1")
        .containsEntry("KAFKA_SHARE_COORDINATOR_STATE_TOPIC_REPLICATION_FACTOR", "1")
        .containsEntry("KAFKA_SHARE_COORDINATOR_STATE_TOPIC_MIN_ISR", "1")
        // Or the webhook group forgets where it was in a week of standing still, and tells all
        // again.
        .containsEntry("KAFKA_OFFSETS_RETENTION_MINUTES", "525600");
  }

  @Test
  void shouldRunAsAUserWithoutRightsOnTheRightJava() throws IOException {
    var lines = Files.readAllLines(ROOT.resolve("Dockerfile"));

    assertThat(lines).anyMatch(line -> line.matches("USER (?!root)\\S+"));
    assertThat(lines).anyMatch(line -> line.matches("FROM eclipse-temurin:25-jre\\S*"));
    assertThat(lines).contains("ENTRYPOINT [\"tally\"]");
  }

  static List<String> ours() {
    return OURS;
  }

  static Stream<String> all() {
    return Stream.concat(OURS.stream(), Stream.of("kafka", "redis"));
  }

  private static Map<String, String> environment(String service) {
    var environment = new TreeMap<String, String>();
    SERVICES
        .path(service)
        .path("environment")
        .properties()
        .forEach(entry -> environment.put(entry.getKey(), entry.getValue().asText()));
    return environment;
  }

  /** SnakeYAML resolves anchors and merges; Jackson's tree is what is easy to look into. */
  private static JsonNode compose() {
    try {
      Object document =
          new Yaml(new SafeConstructor(new LoaderOptions()))
              .load(Files.readString(ROOT.resolve("docker-compose.yml")));
      return JsonMapper.builder().build().valueToTree(document);
    } catch (IOException e) {
      throw new java.io.UncheckedIOException(e);
    }
  }
}
