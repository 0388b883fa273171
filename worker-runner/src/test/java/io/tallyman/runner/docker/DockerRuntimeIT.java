package io.tallyman.runner.docker;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.github.dockerjava.api.exception.NotFoundException;
import com.sun.net.httpserver.HttpServer;
import io.tallyman.runner.attempt.AttemptId;
import io.tallyman.runner.attempt.AttemptRuntime;
import io.tallyman.runner.attempt.AttemptRuntimeContract;
import io.tallyman.runner.attempt.Await;
import io.tallyman.runner.attempt.FailureCode;
import io.tallyman.runner.attempt.Left;
import io.tallyman.runner.attempt.Outcome;
import io.tallyman.runner.attempt.Outcome.Failed;
import io.tallyman.runner.attempt.Outcome.Stopped;
import io.tallyman.runner.attempt.Outcome.Succeeded;
import io.tallyman.runner.files.JobFolders;
import io.tallyman.runner.http.Transfers;
import io.tallyman.runtime.endpoints.Endpoint;
import io.tallyman.schemas.job.JobOutput.Channel;
import io.tallyman.schemas.job.RawJson;
import io.tallyman.schemas.job.RunnerId;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.List;
import java.util.Objects;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The contract on a real engine, and what only containers promise. */
class DockerRuntimeIT extends AttemptRuntimeContract {

  private static DockerEngine engine;

  private final RunnerId runner = new RunnerId("it-" + UUID.randomUUID());
  private DockerRuntime runtime;

  @BeforeAll
  static void findEngine() {
    engine = TestEngine.require();
  }

  @AfterAll
  static void closeEngine() {
    if (engine != null) {
      engine.close();
    }
  }

  @BeforeEach
  void start() {
    runtime =
        new DockerRuntime(TestEngine.HOST, runner, new JobFolders(root, Transfers.onLoopback()), 2);
  }

  @AfterEach
  void close() {
    runtime.reap();
    runtime.close();
  }

  @Override
  protected AttemptRuntime runtime() {
    return runtime;
  }

  @Override
  protected void assertNothingIsLeft(AttemptId id) {
    assertThat(
            engine
                .calls()
                .listContainersCmd()
                .withShowAll(true)
                .withNameFilter(List.of(id.containerName()))
                .exec())
        .isEmpty();
  }

  @Test
  void shouldFailWhenTheCommandNeedsTooMuchMemory() throws Exception {
    // given a limit of 64 MiB
    var outcome = run("a=xxxxxxxxxxxxxxxx; while true; do a=$a$a; done");

    assertThat(outcome)
        .isInstanceOfSatisfying(
            Failed.class,
            failed -> {
              assertThat(failed.code()).isEqualTo(FailureCode.OUT_OF_MEMORY);
              assertThat(failed.detail()).contains("67108864");
            });
  }

  @Test
  void shouldRunTheCommandWithoutAnyPrivilege() throws Exception {
    var outcome =
        run(
            "id -u; id -g; grep -E '^(Cap(Inh|Prm|Eff|Bnd|Amb)|NoNewPrivs|Seccomp):'"
                + " /proc/self/status");

    assertThat(outcome).isInstanceOf(Succeeded.class);
    assertThat(output.text(Channel.STDOUT).replaceAll("[ \t]+", " "))
        .isEqualTo(
            """
            65534
            65534
            CapInh: 0000000000000000
            CapPrm: 0000000000000000
            CapEff: 0000000000000000
            CapBnd: 0000000000000000
            CapAmb: 0000000000000000
            NoNewPrivs: 1
            Seccomp: 2
            """);
  }

  @Test
  void shouldHaveNoNetwork() throws Exception {
    assertThat(run("ls /sys/class/net; ! wget -T 2 -q -O - http://172.17.0.1/"))
        .isEqualTo(new Succeeded(RawJson.NULL));
    assertThat(output.text(Channel.STDOUT)).isEqualTo("lo\n");
  }

  @Test
  void shouldWriteOnlyWhereItMay() throws Exception {
    var outcome =
        run(
            "for d in / /bin /etc /dev /proc/sys/kernel /sys; do echo x > $d/evil 2>/dev/null &&"
                + " echo evil $d; done; for d in /job /tmp /scratch; do echo x > $d/f && echo fine"
                + " $d; done; cp /bin/busybox /tmp/ls && /tmp/ls 2>/dev/null && echo evil exec; cp"
                + " /bin/busybox /scratch/ls && /scratch/ls -d /; dd if=/dev/zero of=/tmp/big bs=1M"
                + " count=9 2>/dev/null && echo evil size; true");

    assertThat(outcome).isEqualTo(new Succeeded(RawJson.NULL));
    assertThat(output.text(Channel.STDOUT)).isEqualTo("fine /job\nfine /tmp\nfine /scratch\n/\n");
  }

  @Test
  void shouldCapAForkBomb() throws Exception {
    // given a limit of 64 processes
    var outcome =
        run("i=0; while [ $i -lt 200 ]; do sleep 30 & i=$((i+1)); done; echo all of them started");

    assertThat(outcome).isInstanceOf(Failed.class);
    assertThat(output.text(Channel.STDOUT)).isEmpty();
    assertThat(output.text(Channel.STDERR)).contains("can't fork");
  }

  @Test
  void shouldRemoveContainerAndVolumeWhenStopped() throws Exception {
    // given
    var attempt = attempt(endpoint("echo up; sleep 300"), INPUT);
    var running = start(attempt);
    Await.until("it runs", () -> output.text(Channel.STDOUT).equals("up\n"));
    var container = engine.calls().inspectContainerCmd(attempt.id().containerName()).exec();
    var volume =
        Objects.requireNonNull(container.getMounts()).stream()
            .filter(
                mount -> "/job".equals(Objects.requireNonNull(mount.getDestination()).getPath()))
            .findFirst()
            .orElseThrow();
    assertThat(container.getConfig().getLabels())
        .containsEntry("tallyman.job", attempt.id().jobId().value())
        .containsEntry("tallyman.attempt", "7")
        .containsEntry("tallyman.runner", runner.value())
        .containsEntry("tallyman.deadline", attempt.deadline().toString());

    // when
    stop.request();

    // then
    assertThat(running.get(20, TimeUnit.SECONDS)).isEqualTo(new Stopped());
    assertNothingIsLeft(attempt.id());
    assertThatThrownBy(
            () -> engine.calls().inspectVolumeCmd(Objects.requireNonNull(volume.getName())).exec())
        .isInstanceOf(NotFoundException.class);
  }

  @Test
  void shouldReplaceTheContainerThatACrashLeft() throws Exception {
    // given
    var attempt = attempt(endpoint("echo '{\"fresh\":1}'"), INPUT);
    var left = leave(attempt.id(), "somebody");

    // when
    var outcome = runtime.run(attempt, output, stop);

    // then
    assertThat(outcome).isEqualTo(new Succeeded(RawJson.of("{\"fresh\":1}")));
    assertNothingIsLeft(attempt.id());
    assertThatThrownBy(() -> engine.calls().inspectContainerCmd(left).exec())
        .isInstanceOf(NotFoundException.class);
  }

  @Test
  void shouldReapItsOwnContainersAndNobodyElses() {
    // given
    var own = attempt(endpoint("true"), INPUT).id();
    var other = attempt(endpoint("true"), INPUT).id();
    leave(own, runner.value());
    var others = leave(other, "it-other-" + UUID.randomUUID());

    // when
    var reaped = runtime.reap();

    // then
    assertThat(reaped).isEqualTo(new Left(List.of(own), List.of()));
    assertNothingIsLeft(own);
    assertThat(engine.calls().inspectContainerCmd(others).exec().getId()).isEqualTo(others);
    engine.calls().removeContainerCmd(others).withForce(true).exec();
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void shouldFailWhenTheImageCannotBeHad(boolean registryAnswers) throws Exception {
    // given a registry that has no image, or that answers nonsense
    var registry = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    registry.createContext(
        "/",
        exchange -> {
          try (exchange) {
            var body =
                exchange.getRequestURI().getPath().equals("/v2/")
                    ? "{}"
                    : "{\"errors\":[{\"code\":\"MANIFEST_UNKNOWN\",\"message\":\"manifest"
                        + " unknown\"}]}";
            exchange.getResponseHeaders().set("Content-Type", "application/json");
            exchange.sendResponseHeaders(
                !registryAnswers ? 500 : body.equals("{}") ? 200 : 404, body.length());
            exchange.getResponseBody().write(body.getBytes(UTF_8));
          }
        });
    registry.start();
    try {
      var image = "127.0.0.1:%d/none:1".formatted(registry.getAddress().getPort());

      // when
      var outcome = runtime.run(attempt(withImage(image), INPUT), output, stop);

      // then
      assertThat(outcome)
          .isInstanceOfSatisfying(
              Failed.class,
              failed -> {
                assertThat(failed.code())
                    .isEqualTo(
                        registryAnswers
                            ? FailureCode.IMAGE_MISSING
                            : FailureCode.IMAGE_PULL_FAILED);
                assertThat(failed.detail()).contains(image);
              });
      assertThat(output.text(Channel.RUNNER)).contains("pulling").contains(image);
    } finally {
      registry.stop(0);
    }
  }

  @Test
  void shouldFailWhenTheEngineDoesNotAnswer() throws Exception {
    try (var gone =
        new DockerRuntime(
            "tcp://127.0.0.1:1", runner, new JobFolders(root, Transfers.onLoopback()), 1)) {
      assertThat(gone.health().isReady()).isFalse();
      Outcome outcome = gone.run(attempt(endpoint("true"), INPUT), output, stop);

      assertThat(outcome)
          .isInstanceOfSatisfying(
              Failed.class,
              failed -> assertThat(failed.code()).isEqualTo(FailureCode.ENGINE_UNAVAILABLE));
    }
  }

  @Test
  void shouldProbeTheEngineForImages() {
    assertThat(DockerEngine.probe(TestEngine.HOST, List.of("busybox:latest")))
        .isInstanceOfSatisfying(
            DockerEngine.Probe.Usable.class,
            usable -> assertThat(usable.detail()).contains("busybox:latest"));
    assertThat(DockerEngine.probe(TestEngine.HOST, List.of("127.0.0.1:1/none:1")))
        .isInstanceOfSatisfying(
            DockerEngine.Probe.Unusable.class,
            unusable ->
                assertThat(unusable.reason())
                    .contains("no image '127.0.0.1:1/none:1'", "docker pull")
                    .doesNotContain("\n"));
  }

  private String leave(AttemptId id, String owner) {
    var created =
        engine
            .calls()
            .createContainerCmd("busybox:latest")
            .withName(id.containerName())
            .withCmd("sleep", "300")
            .withLabels(
                java.util.Map.of(
                    "tallyman.runner",
                    owner,
                    "tallyman.job",
                    id.jobId().value(),
                    "tallyman.attempt",
                    Integer.toString(id.attempt())))
            .exec()
            .getId();
    engine.calls().startContainerCmd(created).exec();
    return created;
  }

  private static Endpoint withImage(String image) {
    var base = endpoint("true");
    return new Endpoint(
        base.name(), image, base.command(), base.environment(), base.limits(), base.webhook());
  }
}
