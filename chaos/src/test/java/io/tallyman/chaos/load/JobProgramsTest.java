package io.tallyman.chaos.load;

import static java.nio.charset.StandardCharsets.UTF_8;
import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.ObjectMapper;
import io.tallyman.chaos.load.JobProgram.Submission;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.yaml.snakeyaml.Yaml;

class JobProgramsTest {

  private static final URI RECEIVER = URI.create("http://127.0.0.1:9");
  private static final String SECRET = "whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIz";

  @TempDir Path folder;

  @Test
  void shouldMakeTheSameProgramsFromTheSameSeed() {
    assertThat(programs(42)).isEqualTo(programs(42)).isNotEqualTo(programs(43));
  }

  @Test
  void shouldMakeEveryKindOfProgram() {
    var programs = programs(1);

    assertThat(programs.stream().map(it -> it.program().replaceAll("\\d+", "n")).distinct())
        .containsExactlyInAnyOrder(
            "succeed", "sleep", "fail", "exit-n", "noisy", "ignore-term", "hang");
    assertThat(programs.stream().map(JobProgram::submission).distinct())
        .containsExactlyInAnyOrder(Submission.values());
    assertThat(programs.stream().map(JobProgram::seed).distinct()).hasSameSizeAs(programs);
    assertThat(programs).anyMatch(JobProgram::isCancelled).anyMatch(JobProgram::isLowPriority);
    assertThat(programs).anyMatch(it -> it.ttlMillis().isPresent());
    assertThat(programs).anyMatch(it -> it.padding().length() > 100_000);
  }

  @Test
  void shouldLimitWhatWouldNeverEnd() {
    assertThat(programs(1).stream().filter(it -> it.program().equals("hang")))
        .isNotEmpty()
        .allMatch(it -> it.executionTimeoutMillis().isPresent());
  }

  @Test
  void shouldMakeBodiesThatTheApiAccepts() throws Exception {
    var mapper = new ObjectMapper();
    for (var program : programs(2)) {
      var body = mapper.readTree(program.body(RECEIVER));

      assertThat(body.at("/input/seed").textValue()).isEqualTo(program.seed());
      assertThat(body.at("/input/program").textValue()).isEqualTo(program.program());
      assertThat(body.at("/input/sleepMillis").intValue()).isEqualTo(program.sleepMillis());
      assertThat(body.at("/policy/executionTimeout").asInt(5_000)).isBetween(5_000, 604_800_000);
      assertThat(body.at("/policy/ttl").asInt(10_000)).isBetween(10_000, 604_800_000);
      assertThat(body.at("/webhook").textValue()).startsWith("http://127.0.0.1:9/");
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"succeed", "sleep", "noisy", "ignore-term"})
  void shouldProveWhoRanAProgramThatSucceeds(String program) throws Exception {
    // when
    var process = run(program, 20, 3);

    // then
    assertThat(process.waitFor()).isZero();
    var hash =
        HexFormat.of()
            .formatHex(MessageDigest.getInstance("SHA-256").digest("00ab:3".getBytes(UTF_8)));
    assertThat(folder.resolve("output.json")).hasContent("{\"hash\":\"%s\"}".formatted(hash));
  }

  @ParameterizedTest
  @CsvSource({"fail, 1", "exit-77, 77", "nonsense, 99"})
  void shouldFailAsTold(String program, int exitCode) throws Exception {
    assertThat(run(program, 5, 1).waitFor()).isEqualTo(exitCode);
    assertThat(folder.resolve("output.json")).doesNotExist();
  }

  @Test
  void shouldTakeItsTime() throws Exception {
    var began = System.nanoTime();

    assertThat(run("sleep", 1_050, 1).waitFor()).isZero();

    assertThat(Duration.ofNanos(System.nanoTime() - began)).isGreaterThan(Duration.ofMillis(1_050));
  }

  @Test
  void shouldBeDeafToSigtermWhenToldSo() throws Exception {
    // given
    var process = run("ignore-term", 900, 1);
    assertThat(process.waitFor(200, TimeUnit.MILLISECONDS)).isFalse();

    // when
    process.destroy();

    // then
    assertThat(process.waitFor()).isZero();
  }

  @Test
  void shouldHangWhenToldSo() throws Exception {
    var process = run("hang", 0, 1);
    try {
      assertThat(process.waitFor(300, TimeUnit.MILLISECONDS)).isFalse();
    } finally {
      process.destroyForcibly();
    }
  }

  private static List<JobProgram> programs(long seed) {
    var programs = new JobPrograms(new SplittableRandom(seed));
    return Stream.generate(programs::next).limit(2_000).toList();
  }

  /** As the process runtime does, with the command of the endpoints file. */
  private Process run(String program, int sleepMillis, int attempt) throws Exception {
    Map<String, Map<String, Map<String, List<String>>>> file =
        new Yaml().load(JobPrograms.endpointsYaml(SECRET, 5, Duration.ofMillis(500)));
    var endpoint = requireNonNull(requireNonNull(file.get("endpoints")).get("default"));
    var command = requireNonNull(endpoint.get("command"));
    var input =
        new JobProgram(
            "00ab",
            program,
            sleepMillis,
            "é \\\" padding".repeat(10_000),
            OptionalInt.empty(),
            OptionalInt.empty(),
            false,
            "/ok",
            Submission.PLAIN,
            false);
    Files.writeString(
        folder.resolve("input.json"),
        new ObjectMapper().readTree(input.body(RECEIVER)).get("input").toString());
    var builder =
        new ProcessBuilder(new ArrayList<>(command))
            .directory(folder.toFile())
            .redirectOutput(ProcessBuilder.Redirect.DISCARD)
            .redirectError(ProcessBuilder.Redirect.DISCARD);
    builder.environment().put("TALLY_ATTEMPT", Integer.toString(attempt));
    return builder.start();
  }
}
