package io.tallyman.cli;

import io.tallyman.chaos.Campaign;
import io.tallyman.chaos.Chaos;
import io.tallyman.chaos.Judgement;
import io.tallyman.chaos.RunPlan;
import io.tallyman.chaos.cluster.Product;
import io.tallyman.chaos.nemesis.Profile;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code tally chaos}: everything as processes, broken on purpose, and judged. */
@Command(
    name = "chaos",
    mixinStandardHelpOptions = true,
    description =
        "Run three brokers, Redis and two of each service as processes, break them as the seed"
            + " says, and judge what clients, log, receivers and containers saw. Exit code 0: all"
            + " promises held.")
final class ChaosCommand implements Callable<Integer> {

  private static final String DOCKER_HOST = "unix:///var/run/docker.sock";
  private static final String REPORT = "report.json";

  /** How big a run is. */
  enum ProfileName {
    smoke(Profile.SMOKE),
    full(Profile.FULL),
    soak(Profile.SOAK);

    private final Profile profile;

    ProfileName(Profile profile) {
      this.profile = profile;
    }
  }

  /** What runs the jobs. */
  enum RuntimeName {
    docker,
    process
  }

  @Option(
      names = "--seed",
      defaultValue = "1",
      description = "What faults and load follow from (default: ${DEFAULT-VALUE}).")
  private long seed;

  @Option(
      names = "--profile",
      defaultValue = "smoke",
      description =
          "smoke: one run of 5 minutes with every kind of fault; full: many runs with other faults"
              + " each; soak: one of 30 minutes (default: ${DEFAULT-VALUE}).")
  private ProfileName profile = ProfileName.smoke;

  @Option(
      names = "--seeds",
      defaultValue = "20",
      description = "With full: how many runs, from --seed on (default: ${DEFAULT-VALUE}).")
  private int seeds;

  @Option(
      names = "--folder",
      description =
          "Where histories and reports go, kept (default: .tally/chaos/PROFILE). Each run has a"
              + " folder seed-N in it; with full, one that has a report is not run again.")
  private @Nullable Path folder;

  @Option(
      names = "--runtime",
      defaultValue = "docker",
      description = "What runs the jobs: ${COMPLETION-CANDIDATES} (default: ${DEFAULT-VALUE}).")
  private RuntimeName runtime = RuntimeName.docker;

  @Option(names = "--judge", description = "Run nothing: judge the history in this folder again.")
  private @Nullable Path judged;

  @Override
  public Integer call() throws InterruptedException, TimeoutException {
    if (judged != null) {
      return told(Judgement.of(judged));
    }
    var base =
        folder == null
            ? Path.of(".tally", "chaos", profile.name().toLowerCase(Locale.ROOT))
            : folder;
    EmbeddedLog.in(base);
    try (var stop = new StopHook()) {
      var program = copyOfProgram();
      try {
        stop.check();
        return profile == ProfileName.full ? runAll(base, program) : runOne(base, program, seed);
      } finally {
        Folders.delete(program);
      }
    }
  }

  private int runOne(Path base, Path program, long one)
      throws InterruptedException, TimeoutException {
    return told(judgedRun(base, program, one));
  }

  /** Seed after seed; what an earlier command has done is not done again. */
  private int runAll(Path base, Path program) throws InterruptedException {
    var campaign = new Campaign();
    for (var one = seed; one < seed + seeds; one++) {
      var done = folderOf(base, one);
      try {
        var judgement =
            Files.exists(done.resolve(REPORT)) ? Judgement.of(done) : judgedRun(base, program, one);
        System.out.println(judgement.text());
        campaign.add(judgement);
      } catch (TimeoutException e) {
        campaign.stuck(one, String.valueOf(e.getMessage()));
      }
    }
    System.out.println(campaign.text());
    return campaign.isValid() ? CommandLine.ExitCode.OK : CommandLine.ExitCode.SOFTWARE;
  }

  private Judgement judgedRun(Path base, Path program, long one)
      throws InterruptedException, TimeoutException {
    var own = folderOf(base, one);
    // What a run leaves that was cut short cannot be judged; one that was not is replaced.
    Folders.delete(own);
    var plan =
        new RunPlan(
            one,
            profile.profile,
            own,
            new Product(
                Path.of(System.getProperty("java.home"), "bin", "java"),
                program.resolve("tally.jar").toString()),
            runtime == RuntimeName.docker ? Optional.of(DOCKER_HOST) : Optional.empty());
    new Chaos(plan, InstantSource.system(), ChaosCommand::say).run();
    return Judgement.of(own);
  }

  private static int told(Judgement judgement) {
    System.out.println(judgement.text());
    return judgement.isValid() ? CommandLine.ExitCode.OK : CommandLine.ExitCode.SOFTWARE;
  }

  private static Path folderOf(Path base, long seed) {
    return base.resolve("seed-" + seed);
  }

  private static void say(String line) {
    System.out.println("chaos: " + line);
    System.out.flush();
  }

  /** A build beside a run would pull the jar away from under its processes. */
  private static Path copyOfProgram() {
    var jar = Path.of(System.getProperty("java.class.path", "")).toAbsolutePath();
    var lib = jar.resolveSibling("lib");
    if (!Files.isRegularFile(jar) || !Files.isDirectory(lib)) {
      throw new IllegalArgumentException(
          "Expected to run from tally.jar with its folder lib, as ./tally does, but the class path"
              + " is "
              + jar);
    }
    try {
      var copy = Files.createTempDirectory("tally-chaos-program-");
      Files.copy(jar, copy.resolve("tally.jar"));
      Files.createDirectory(copy.resolve("lib"));
      try (var jars = Files.list(lib)) {
        for (var one : jars.toList()) {
          Files.copy(one, copy.resolve("lib").resolve(one.getFileName()));
        }
      }
      return copy;
    } catch (IOException e) {
      throw new UncheckedIOException("Expected to copy the program for its processes", e);
    }
  }
}
