package io.tallyman.runner.attempt;

import static org.assertj.core.api.Assertions.assertThat;

import io.tallyman.runner.attempt.Outcome.Failed;
import io.tallyman.runner.attempt.Outcome.Stopped;
import io.tallyman.runner.attempt.Outcome.Succeeded;
import io.tallyman.schemas.job.JobOutput;
import io.tallyman.schemas.job.JobOutput.Channel;
import io.tallyman.schemas.job.RawJson;
import java.io.IOException;
import java.nio.file.Files;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What every runtime must do alike. Commands are shell scripts that busybox and dash both run. */
@Timeout(120)
public abstract class AttemptRuntimeContract extends RuntimeFixture {

  @AfterEach
  final void shouldLeaveNoFolder() throws IOException {
    try (var left = Files.list(root)) {
      assertThat(left).isEmpty();
    }
  }

  @Test
  void shouldReturnOutputJsonByteForByteWhenTheCommandLeavesOne() throws Exception {
    var outcome =
        run("echo '{\"not\":\"this\"}'; printf ' {\"a\": 1.00,\"a\":2}\\n' > output.json");

    assertThat(outcome).isEqualTo(new Succeeded(RawJson.of("{\"a\": 1.00,\"a\":2}")));
  }

  @Test
  void shouldReturnTheLastLineOfJsonWhenThereIsNoOutputJson() throws Exception {
    var outcome = run("echo '{\"n\":1}'; echo '{\"n\":2}'; echo '{\"n\":'; echo done");

    assertThat(outcome).isEqualTo(new Succeeded(RawJson.of("{\"n\":2}")));
  }

  @Test
  void shouldReturnTheLastLineOfJsonWhenItDoesNotEndWithALineFeed() throws Exception {
    assertThat(run("printf '[1,2]'")).isEqualTo(new Succeeded(RawJson.of("[1,2]")));
  }

  @Test
  void shouldReturnNullWhenTheCommandLeavesNothing() throws Exception {
    assertThat(run("echo hello")).isEqualTo(new Succeeded(RawJson.NULL));
  }

  @Test
  void shouldGiveTheInputAsAFileAndOnStandardInput() throws Exception {
    assertThat(run("cat > output.json")).isEqualTo(new Succeeded(INPUT));
    assertThat(run("cp input.json output.json")).isEqualTo(new Succeeded(INPUT));
  }

  @Test
  void shouldNotWaitForACommandThatLeavesItsInputUnread() throws Exception {
    // given an input larger than any pipe
    var large = RawJson.of("\"%s\"".formatted("x".repeat(1 << 20)));

    // when
    var outcome = runtime().run(attempt(endpoint("true"), large), output, stop);

    // then
    assertThat(outcome).isEqualTo(new Succeeded(RawJson.NULL));
  }

  @Test
  void shouldTellTheCommandWhoItIs() throws Exception {
    // given
    var attempt =
        attempt(
            endpoint(
                "echo \"$TALLY_JOB_ID $TALLY_ATTEMPT $GREETING\"; "
                    + "[ \"$(pwd)\" = \"$TALLY_JOB_DIR\" ] && [ \"$HOME\" = \"$TALLY_JOB_DIR\" ]"),
            INPUT);

    // when
    var outcome = runtime().run(attempt, output, stop);

    // then
    assertThat(outcome).isEqualTo(new Succeeded(RawJson.NULL));
    assertThat(output.text(Channel.STDOUT))
        .isEqualTo("%s 7 hello there\n".formatted(attempt.id().jobId()));
  }

  @Test
  void shouldFailWithTheTailOfStandardErrorWhenTheExitCodeIsNotZero() throws Exception {
    var outcome =
        run(
            "i=0; while [ $i -lt 500 ]; do echo filler >&2; i=$((i+1)); done;"
                + " echo '{\"a\":1}' > output.json; echo 'no such model' >&2; exit 3");

    assertThat(outcome)
        .isInstanceOfSatisfying(
            Failed.class,
            failed -> {
              assertThat(failed.code()).isEqualTo(FailureCode.EXIT_CODE);
              assertThat(failed.detail())
                  .contains("got 3")
                  .endsWith("no such model")
                  .hasSizeLessThan(1_200);
            });
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "printf '{\"a\":' > output.json",
        "printf '{\"a\":1} {}' > output.json",
        "printf '' > output.json",
        "printf '\"\\377\"' > output.json",
        "mkdir output.json",
        "echo 1 > real; ln -s real output.json"
      })
  void shouldFailWhenOutputJsonIsNotOneJsonValue(String script) throws Exception {
    assertThat(run(script))
        .isInstanceOfSatisfying(
            Failed.class,
            failed -> assertThat(failed.code()).isEqualTo(FailureCode.OUTPUT_INVALID));
  }

  @ParameterizedTest
  @ValueSource(strings = {"> output.json", ""})
  void shouldFailWhenTheResultIsTooLarge(String target) throws Exception {
    // given a limit of 2000 bytes
    var script =
        "printf '\"'; i=0; while [ $i -lt 300 ]; do printf 12345678; i=$((i+1)); done; printf '\"'";

    // when
    var outcome = run("{ %s; } %s".formatted(script, target));

    // then
    assertThat(outcome)
        .isInstanceOfSatisfying(
            Failed.class,
            failed -> assertThat(failed.code()).isEqualTo(FailureCode.OUTPUT_TOO_LARGE));
  }

  @Test
  void shouldFailWhenTheCommandDoesNotExist() throws Exception {
    var outcome =
        runtime().run(attempt(endpoint(List.of("no-such-command", "x")), INPUT), output, stop);

    assertThat(outcome)
        .isInstanceOfSatisfying(
            Failed.class,
            failed -> {
              assertThat(failed.code()).isEqualTo(FailureCode.COMMAND_NOT_FOUND);
              assertThat(failed.detail()).contains("no-such-command");
            });
  }

  @Test
  void shouldPassOnLinesByChannelWhileTheCommandRuns() throws Exception {
    // given
    var attempt = attempt(endpoint("echo one; echo two >&2; sleep 60"), INPUT);

    // when
    var running = start(attempt);
    Await.until("both lines", () -> output.said().size() >= 2);
    stop.request();

    // then
    assertThat(output.text(Channel.STDOUT)).isEqualTo("one\n");
    assertThat(output.text(Channel.STDERR)).isEqualTo("two\n");
    assertThat(running.get(20, TimeUnit.SECONDS)).isEqualTo(new Stopped());
  }

  @Test
  void shouldCutTheLogAtItsLimitAndSayItOnce() throws Exception {
    // given a limit of 10000 bytes, and 20 KB of lines with the result at the end
    var outcome =
        run(
            "i=0; while [ $i -lt 200 ]; do printf '%0100d\\n"
                + "' 0; i=$((i+1)); done; echo '{\"end\":1}'");

    assertThat(outcome).isEqualTo(new Succeeded(RawJson.of("{\"end\":1}")));
    assertThat(output.text(Channel.STDOUT)).hasSize(10_000);
    assertThat(output.said().stream().filter(said -> said.channel() == Channel.RUNNER))
        .singleElement()
        .satisfies(said -> assertThat(said.text()).contains("cut", "10000"));
    assertThat(output.said())
        .allSatisfy(said -> assertThat(said.text()).hasSizeLessThanOrEqualTo(JobOutput.MAX_TEXT));
  }

  @Test
  void shouldKillEverythingWhenStopped() throws Exception {
    // given a command with a child, and one that has left the tree
    var attempt = attempt(endpoint("sleep 300 & (setsid sleep 300 &) ; echo up; sleep 300"), INPUT);
    var running = start(attempt);
    Await.until("it runs", () -> output.text(Channel.STDOUT).equals("up\n"));

    // when
    stop.request();

    // then
    assertThat(running.get(20, TimeUnit.SECONDS)).isEqualTo(new Stopped());
    assertNothingIsLeft(attempt.id());
  }

  @Test
  void shouldKillEverythingWhenItsThreadIsInterrupted() throws Exception {
    // given
    var attempt = attempt(endpoint("sleep 300 & echo up; sleep 300"), INPUT);
    var running = start(attempt);
    Await.until("it runs", () -> output.text(Channel.STDOUT).equals("up\n"));

    // when
    running.cancel(true);

    // then
    Await.until(
        "its folder is gone", () -> !Files.exists(root.resolve(attempt.id().containerName())));
    assertNothingIsLeft(attempt.id());
  }

  @Test
  void shouldNotRunAnythingWhenItWasStoppedBefore() throws Exception {
    stop.request();

    assertThat(run("echo ran")).isEqualTo(new Stopped());
    assertThat(output.said()).isEmpty();
  }

  @Test
  void shouldEndWithTheCommandWhenThatLeavesChildrenBehind() throws Exception {
    // given
    var attempt = attempt(endpoint("sleep 300 & echo '{\"a\":1}'"), INPUT);

    // when
    var outcome = start(attempt).get(20, TimeUnit.SECONDS);

    // then
    assertThat(outcome).isEqualTo(new Succeeded(RawJson.of("{\"a\":1}")));
    assertNothingIsLeft(attempt.id());
  }

  @Test
  void shouldStageDownloadsAndUploads() throws Exception {
    try (var files = new FileHost()) {
      // given
      files.content.put("/in", "seed");
      var input =
          RawJson.of(
              """
              {"download_urls":[{"name":"head/seed.txt","url":"%1$s/in?secret=1"}],
               "upload_urls":[{"name":"cat.png","url":"%1$s/out?secret=2"},{"name":"b/two.bin","url":"%1$s/two"}]}
              """
                  .formatted(files.url())
                  .strip());

      // when
      var outcome =
          runtime()
              .run(
                  attempt(
                      endpoint(
                          "cat head/seed.txt > cat.png; echo ' a cat' >> cat.png; mkdir b; echo 2 >"
                              + " b/two.bin; printf '{ \"k\" : 1.0, \"images\":[\"x,}\"], \"z\":{}"
                              + " }' > output.json"),
                      input),
                  output,
                  stop);

      // then
      assertThat(outcome)
          .isEqualTo(
              new Succeeded(
                  RawJson.of(
                      ("{\"k\" :"
                           + " 1.0,\"z\":{},\"images\":[{\"filename\":\"cat.png\",\"type\":\"uploaded\",\"url\":\"%1$s/out?secret=2\"},"
                           + "{\"filename\":\"b/two.bin\",\"type\":\"uploaded\",\"url\":\"%1$s/two\"}]}")
                          .formatted(files.url()))));
      assertThat(files.content).containsEntry("/out", "seed a cat\n").containsEntry("/two", "2\n");
      assertThat(files.types)
          .containsEntry("/out", "image/png")
          .containsEntry("/two", "application/octet-stream");
    }
  }

  @Test
  void shouldReturnTheUploadsAloneWhenThereIsNoOtherResult() throws Exception {
    try (var files = new FileHost()) {
      var input =
          RawJson.of(
              "{\"upload_urls\":[{\"name\":\"a.gif\",\"url\":\"%s/a\"}]}".formatted(files.url()));

      var outcome = runtime().run(attempt(endpoint("echo x > a.gif"), input), output, stop);

      assertThat(outcome)
          .isEqualTo(
              new Succeeded(
                  RawJson.of(
                      "{\"images\":[{\"filename\":\"a.gif\",\"type\":\"uploaded\",\"url\":\"%s/a\"}]}"
                          .formatted(files.url()))));
    }
  }

  @Test
  void shouldFailWhenAFileToUploadWasNeverWritten() throws Exception {
    try (var files = new FileHost()) {
      var input =
          RawJson.of(
              "{\"upload_urls\":[{\"name\":\"never.png\",\"url\":\"%s/a\"}]}"
                  .formatted(files.url()));

      var outcome = runtime().run(attempt(endpoint("true"), input), output, stop);

      assertThat(outcome)
          .isInstanceOfSatisfying(
              Failed.class,
              failed -> {
                assertThat(failed.code()).isEqualTo(FailureCode.UPLOAD_FAILED);
                assertThat(failed.detail()).contains("never.png").doesNotContain(files.url());
              });
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"../evil", "/etc/evil", "a/../../evil", ".", "a/", ""})
  void shouldFailWhenADownloadWouldLeaveTheFolder(String name) throws Exception {
    try (var files = new FileHost()) {
      files.content.put("/in", "evil");
      var input =
          RawJson.of(
              "{\"download_urls\":[{\"name\":\"%s\",\"url\":\"%s/in\"}]}"
                  .formatted(name, files.url()));

      var outcome = runtime().run(attempt(endpoint("echo ran"), input), output, stop);

      assertThat(outcome)
          .isInstanceOfSatisfying(
              Failed.class,
              failed -> assertThat(failed.code()).isEqualTo(FailureCode.DOWNLOAD_FAILED));
      assertThat(output.text(Channel.STDOUT)).isEmpty();
    }
  }

  @Test
  void shouldReapTheFoldersThatACrashLeft() throws Exception {
    // given a folder, an archive that was being made of another, and what is none of ours
    var id = attempt(endpoint("true"), INPUT).id();
    var folder = Files.createDirectories(root.resolve(id.containerName()).resolve("deep"));
    Files.writeString(folder.resolve("file"), "x");
    Files.writeString(root.resolve(id.containerName() + ".tar"), "x");

    // when
    var runtime = runtime();

    // then
    assertThat(runtime.reap()).isEqualTo(new Left(List.of(id), List.of()));
    assertThat(runtime.reap()).isEqualTo(Left.NOTHING);
    assertThat(root).isEmptyDirectory();
  }

  @Test
  void shouldKillACommandThatIgnoresWhatItIsAskedPolitely() throws Exception {
    // given
    var attempt =
        attempt(endpoint("trap '' TERM INT HUP; echo up; while :; do sleep 1; done"), INPUT);
    var running = start(attempt);
    Await.until("it runs", () -> output.text(Channel.STDOUT).equals("up\n"));

    // when
    stop.request();

    // then
    assertThat(running.get(20, TimeUnit.SECONDS)).isEqualTo(new Stopped());
    assertNothingIsLeft(attempt.id());
  }
}
