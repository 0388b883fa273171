package io.tallyman.runner.files;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.tallyman.runner.attempt.RecordedOutput;
import io.tallyman.runner.attempt.RecordedOutput.Said;
import io.tallyman.runtime.endpoints.Endpoint.Limits;
import io.tallyman.schemas.job.JobOutput;
import io.tallyman.schemas.job.JobOutput.Channel;
import io.tallyman.schemas.job.RawJson;
import org.junit.jupiter.api.Test;

class OutputLogTest {

  private static final int LOG_LIMIT = 100_000;

  private final RecordedOutput output = new RecordedOutput();
  private final OutputLog log =
      new OutputLog(output, new Limits(1, 1, 1, 1, 20_000, LOG_LIMIT, false));

  @Test
  void shouldPassOnWholeLinesAndTheRestAtTheEnd() {
    stdout("one\ntw");
    stdout("o\nthr\u00e9");
    assertThat(output.said())
        .containsExactly(new Said(Channel.STDOUT, "one\n"), new Said(Channel.STDOUT, "two\n"));

    log.end();

    assertThat(output.said()).last().isEqualTo(new Said(Channel.STDOUT, "thr\u00e9"));
  }

  @Test
  void shouldNotBreakALetterThatComesInTwoParts() {
    var bytes = "\u20ac\n".getBytes(UTF_8);
    for (byte b : bytes) {
      log.stdout(new byte[] {b}, 1);
    }

    assertThat(output.said()).containsExactly(new Said(Channel.STDOUT, "\u20ac\n"));
  }

  @Test
  void shouldFindTheLastLineOfJsonOfStandardOutputAlone() {
    stdout("{\"n\":1}\n[2]\nnot this\n");
    stderr("{\"n\":3}\n");
    log.end();

    assertThat(log.lastJson()).contains(RawJson.of("[2]"));
  }

  @Test
  void shouldFindAResultThatIsLongerThanTheLogMayBe() {
    var filler = "x".repeat(LOG_LIMIT) + "\n";
    stdout(filler);
    stdout("\"%s\"".formatted("y".repeat(19_000)));
    log.end();

    assertThat(log.lastJson())
        .hasValueSatisfying(json -> assertThat(json.size()).isEqualTo(19_002));
  }

  @Test
  void shouldNotTakeTheEndOfALineThatIsTooLongForAResult() {
    stdout("x".repeat(30_000));
    stdout("{\"n\":1}\n{\"n\":");
    log.end();

    assertThat(log.lastJson()).isEmpty();
    assertThat(output.text(Channel.STDOUT)).hasSize(30_000 + 8 + 5);
  }

  @Test
  void shouldSplitLongTextsAndCutAtTheLimitOnce() {
    stdout("x".repeat(LOG_LIMIT - 1) + "\n");
    stdout("more\n");
    stderr("more\n");
    log.end();

    assertThat(output.text(Channel.STDOUT)).hasSize(LOG_LIMIT).doesNotContain("more");
    assertThat(output.text(Channel.STDERR)).isEmpty();
    assertThat(output.said())
        .allSatisfy(said -> assertThat(said.text()).hasSizeLessThanOrEqualTo(JobOutput.MAX_TEXT));
    assertThat(output.said().stream().filter(said -> said.channel() == Channel.RUNNER)).hasSize(1);
  }

  @Test
  void shouldRememberTheEndOfStandardErrorBeyondTheLogLimit() {
    stderr("x".repeat(2 * LOG_LIMIT) + "\n");
    stderr("out of luck\n");

    assertThat(log.stderrTail()).endsWith("x\nout of luck").hasSizeLessThanOrEqualTo(1_024);
  }

  private void stdout(String text) {
    var bytes = text.getBytes(UTF_8);
    log.stdout(bytes, bytes.length);
  }

  private void stderr(String text) {
    var bytes = text.getBytes(UTF_8);
    log.stderr(bytes, bytes.length);
  }
}
