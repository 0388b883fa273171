package io.tallyman.runner.process;

import static org.assertj.core.api.Assertions.assertThat;

import io.tallyman.runner.attempt.AttemptId;
import io.tallyman.runner.attempt.AttemptRuntime;
import io.tallyman.runner.attempt.AttemptRuntimeContract;
import io.tallyman.runner.attempt.Outcome.Succeeded;
import io.tallyman.runner.files.JobFolders;
import io.tallyman.runner.http.HttpTransfer;
import io.tallyman.schemas.job.JobOutput.Channel;
import io.tallyman.schemas.job.RawJson;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/** The contract on processes of this host. */
class ProcessRuntimeIT extends AttemptRuntimeContract {

  @Override
  protected AttemptRuntime runtime() {
    return new ProcessRuntime(new JobFolders(root, new HttpTransfer()), Optional.empty());
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
