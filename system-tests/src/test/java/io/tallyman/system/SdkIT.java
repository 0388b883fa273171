package io.tallyman.system;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** RunPod's npm package {@code runpod-sdk}, unmodified, against {@code ./tally dev}. */
class SdkIT {

  private static final Path SDK = Path.of("sdk").toAbsolutePath();

  @TempDir Path dataDir;

  @Test
  void shouldServeRunPodsJavaScriptSdk() throws Exception {
    Tools.require("node");
    Tools.require("npm");
    node(Map.of(), "npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund");
    try (var tally = Tally.dev(dataDir)) {
      node(Map.of("TALLY_TEST_API", tally.apiUrl()), "node", "--test", "sdk.test.mjs");
    }
  }

  private static void node(Map<String, String> environment, String... command)
      throws IOException, InterruptedException {
    var builder = new ProcessBuilder(command).directory(SDK.toFile()).redirectErrorStream(true);
    builder.environment().putAll(environment);
    var process = builder.start();
    var output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(process.waitFor()).as(output).isZero();
  }
}
