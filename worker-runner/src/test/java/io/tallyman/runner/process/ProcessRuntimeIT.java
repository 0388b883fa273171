package io.tallyman.runner.process;

import static org.assertj.core.api.Assertions.assertThat;

import io.tallyman.runner.attempt.AttemptId;
import io.tallyman.runner.attempt.AttemptRuntime;
import io.tallyman.runner.attempt.AttemptRuntimeContract;
import io.tallyman.runner.attempt.Await;
import io.tallyman.runner.attempt.Left;
import io.tallyman.runner.attempt.Outcome.Succeeded;
import io.tallyman.runner.files.JobFolders;
import io.tallyman.runner.http.Transfers;
import io.tallyman.schemas.job.JobOutput.Channel;
import io.tallyman.schemas.job.RawJson;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/** The contract on processes of this host. */
class ProcessRuntimeIT extends AttemptRuntimeContract {

  @Override
  protected AttemptRuntime runtime() {
    return new ProcessRuntime(new JobFolders(root, Transfers.onLoopback()), Optional.empty());
  }

  @Override
  protected void assertNothingIsLeft(AttemptId id) {
    try (var processes = Files.newDirectoryStream(Path.of("/proc"), "[0-9]*")) {
      for (var process : processes) {
        assertThat(environment(process)).doesNotContain(id.containerName());
      }
    } catch (IOException e) {
      throw new AssertionError("Expected to list processes", e);
    }
  }

  @Test
  void shouldGiveTheCommandNothingOfTheRunnersEnvironment() throws Exception {
    assertThat(run("env | cut -d= -f1 | sort | grep -v -E '^(_|PWD|OLDPWD|SHLVL)$' | xargs echo"))
        .isEqualTo(new Succeeded(RawJson.NULL));

    assertThat(output.text(Channel.STDOUT))
        .isEqualTo("GREETING HOME LANG PATH TALLY_ATTEMPT TALLY_JOB_DIR TALLY_JOB_ID\n");
  }

  @Test
  void shouldReapItsOwnProcessesAndNobodyElses() throws Exception {
    // given what a killed runner leaves: a command, and a child of it that left its session
    var id = attempt(endpoint("true"), INPUT).id();
    var folder = Files.createDirectory(root.resolve(id.containerName()));
    var pid = folder.resolve("child");
    var left = leave(folder, "setsid sh -c 'echo $$ > child; sleep 300' & sleep 300");
    // and what a runner leaves whose name begins like this one's
    var others = Files.createDirectories(Path.of(root + "-2").resolve(id.containerName()));
    var other = leave(others, "sleep 300");
    try {
      Await.until("the child runs", () -> pid.toFile().length() > 0);
      var child = ProcessHandle.of(Long.parseLong(Files.readString(pid).strip())).orElseThrow();

      // when
      var reaped = runtime().reap();

      // then
      assertThat(reaped).isEqualTo(new Left(List.of(id), List.of()));
      assertThat(folder).doesNotExist();
      assertThat(left.waitFor()).isEqualTo(137);
      Await.until("the child is dead", () -> !child.isAlive());
      assertThat(other.isAlive()).isTrue();
      assertThat(others).exists();
    } finally {
      left.destroyForcibly();
      other.destroyForcibly();
      Files.delete(others);
      Files.delete(Path.of(root + "-2"));
    }
  }

  private static Process leave(Path folder, String script) throws IOException {
    var builder = new ProcessBuilder("sh", "-c", script).directory(folder.toFile());
    builder.environment().put("TALLY_JOB_DIR", folder.toString());
    return builder.start();
  }

  private static String environment(Path process) {
    try {
      return Files.readString(
          process.resolve("environ"), java.nio.charset.StandardCharsets.ISO_8859_1);
    } catch (IOException e) {
      // Ended meanwhile.
      return "";
    }
  }
}
