package io.tallyman.system;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The smoke profile of {@code ./tally chaos}: all kinds of faults, no promise broken. */
@Timeout(900)
class ChaosIT {

  private static final Logger LOG = LoggerFactory.getLogger(ChaosIT.class);

  private static final Duration LIMIT = Duration.ofMinutes(7);
  private static final Pattern BROKEN = Pattern.compile("VIOLATED (I\\d+):.*");

  /**
   * Invariants that say how soon: I13 how soon another api knows. Other work on a machine of two
   * processors can break them too, so a run that broke nothing else, met too little, or could not
   * be made, is made once more with another seed, which has to be without fault. Everything else
   * must hold in every run.
   */
  private static final Set<String> BY_THE_CLOCK = Set.of("I13", "I18", "I19", "I20", "I21", "I22");

  @Test
  void shouldKeepEveryPromiseWhateverBreaks() throws IOException {
    Containers.requireEngine();
    if (isValid(1)) {
      return;
    }
    LOG.warn("the machine may have been busy; once more, with another seed");
    assertThat(isValid(2)).as("the second run is valid").isTrue();
  }

  private static boolean isValid(int seed) throws IOException {
    var folder = Path.of("target", "chaos").toAbsolutePath();
    Files.createDirectories(folder);
    List<String> said;
    int code;
    try (var chaos =
        Tally.start(
            Map.of(),
            "chaos",
            "--seed",
            Integer.toString(seed),
            "--profile",
            "smoke",
            "--folder",
            folder.toString())) {
      code = chaos.awaitExit(LIMIT);
      said = chaos.output();
    }
    LOG.info("{}", String.join("\n", said));
    var broken = new TreeSet<String>();
    for (var line : said) {
      var matcher = BROKEN.matcher(line);
      if (matcher.matches()) {
        broken.add(matcher.group(1));
      }
    }
    broken.removeAll(BY_THE_CLOCK);
    assertThat(broken).as(() -> String.join("\n", said)).isEmpty();
    return code == 0;
  }
}
