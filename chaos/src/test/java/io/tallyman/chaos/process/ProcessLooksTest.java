package io.tallyman.chaos.process;

import static org.assertj.core.api.Assertions.assertThat;

import io.tallyman.chaos.history.ContainerSighting;
import io.tallyman.chaos.history.ContainerSighting.Kind;
import io.tallyman.chaos.history.Ticker;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

@EnabledOnOs(OS.LINUX)
class ProcessLooksTest {

  private static final long SELF = ProcessHandle.current().pid();

  @TempDir Path folder;

  private final List<ContainerSighting> seen = new ArrayList<>();

  @Test
  void shouldTellOneStoryOfAnAttemptWithManyProcesses() throws Exception {
    // given
    var looks = looks();
    looks.look();
    var attempt = attempt("j-1", 2);
    try {
      // The shell has a child when it says so.
      assertThat(attempt.inputReader().readLine()).isEqualTo("ready");

      // when
      looks.look();
      looks.look();
      assertThat(looks.left()).hasSize(2).allMatch(it -> it.contains("tally-j-1-a2"));
    } finally {
      attempt.descendants().forEach(ProcessHandle::destroyForcibly);
      attempt.destroyForcibly().waitFor();
    }
    awaitNone(looks);
    looks.look();
    looks.look();

    // then
    assertThat(seen.stream().map(ContainerSighting::kind))
        .containsExactly(Kind.STARTED, Kind.RUNNING, Kind.ENDED);
    assertThat(seen)
        .allSatisfy(
            sighting -> {
              assertThat(sighting.job()).isEqualTo("j-1");
              assertThat(sighting.attempt()).isEqualTo(2);
              assertThat(sighting.runner()).isEqualTo("this-test");
              assertThat(sighting.id()).startsWith("pid-" + attempt.pid() + "-");
            });
  }

  @Test
  void shouldNotTellOfAnOrphanAsOfASecondCreation() throws Exception {
    // given
    var looks = looks();
    var attempt = attempt("j-1", 1);
    var children = new ArrayList<ProcessHandle>();
    try {
      assertThat(attempt.inputReader().readLine()).isEqualTo("ready");
      attempt.children().forEach(children::add);
      looks.look();

      // when
      attempt.destroyForcibly().waitFor();
      looks.look();
    } finally {
      children.forEach(ProcessHandle::destroyForcibly);
      attempt.destroyForcibly();
    }

    // then
    assertThat(children).isNotEmpty();
    assertThat(seen.stream().map(ContainerSighting::kind))
        .containsExactly(Kind.STARTED, Kind.RUNNING);
    assertThat(seen.stream().map(ContainerSighting::id).distinct()).hasSize(1);
  }

  @Test
  void shouldKnowWhatAProcessTakes() {
    assertThat(Proc.usage(SELF))
        .hasValueSatisfying(
            usage -> {
              assertThat(usage.threads()).isGreaterThan(2);
              assertThat(usage.residentBytes()).isGreaterThan(10_000_000);
            });
    assertThat(Proc.usage(Integer.MAX_VALUE)).isEmpty();
  }

  private ProcessLooks looks() {
    return new ProcessLooks(
        folder, pid -> pid == SELF ? "this-test" : "", new Ticker(Instant.EPOCH), seen::add);
  }

  private Process attempt(String job, int attempt) throws IOException {
    var builder = new ProcessBuilder("sh", "-c", "sleep 300 & echo ready; wait");
    builder.environment().put("TALLY_JOB_ID", job);
    builder.environment().put("TALLY_ATTEMPT", Integer.toString(attempt));
    builder
        .environment()
        .put("TALLY_JOB_DIR", folder.resolve("tally-%s-a%d".formatted(job, attempt)).toString());
    return builder.start();
  }

  private static void awaitNone(ProcessLooks looks) {
    var giveUp = System.nanoTime() + 5_000_000_000L;
    while (!looks.left().isEmpty() && System.nanoTime() < giveUp) {
      Thread.onSpinWait();
    }
  }
}
