package io.tallyman.cli;

import io.tallyman.cli.http.ApiClient;
import io.tallyman.cli.http.WebhookReceiver;
import io.tallyman.runtime.Variable;
import io.tallyman.schemas.job.JobId;
import io.tallyman.schemas.job.WebhookAttempt;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code tally webhooks}: what became of webhooks, and telling receivers again. */
@Command(
    name = "webhooks",
    mixinStandardHelpOptions = true,
    description = "See what became of webhooks, tell receivers again, or be a receiver.",
    subcommands = {
      WebhooksCommand.Show.class,
      WebhooksCommand.Failed.class,
      WebhooksCommand.Redeliver.class,
      WebhooksCommand.Listen.class
    })
final class WebhooksCommand implements Runnable {

  private static final String DAY = "24h";

  @Spec
  @SuppressWarnings("NullAway.Init") // By picocli.
  private CommandSpec spec;

  @Override
  public void run() {
    spec.commandLine().usage(spec.commandLine().getOut());
  }

  /** Which API, as whom. */
  static final class Target {

    @Option(
        names = "--url",
        defaultValue = "http://127.0.0.1:8080",
        description = "The API (default: ${DEFAULT-VALUE}).")
    private String url = "";

    @Option(
        names = "--endpoint",
        defaultValue = "default",
        description = "The endpoint (default: ${DEFAULT-VALUE}).")
    private String endpoint = "";

    @Option(names = "--api-key-file", description = "A file whose first line is an API key.")
    private @Nullable Path keyFile;

    @Spec(Spec.Target.MIXEE)
    @SuppressWarnings("NullAway.Init") // By picocli.
    private CommandSpec command;

    private PrintWriter out() {
      return command.commandLine().getOut();
    }

    private ApiClient client() throws IOException {
      var key = keyFile == null ? Optional.<String>empty() : Optional.of(firstLine(keyFile));
      return new ApiClient(url + "/v2/" + endpoint, key);
    }
  }

  /** {@code tally webhooks show JOB}. */
  @Command(
      name = "show",
      mixinStandardHelpOptions = true,
      description = "Show every request of a job's webhook, and what came of it.")
  static final class Show implements Callable<Integer> {

    @Mixin private Target target = new Target();

    @Parameters(paramLabel = "JOB", description = "The job's id.")
    private String job = "";

    @Override
    public Integer call() throws IOException, InterruptedException {
      try (var client = target.client()) {
        print(target.out(), client.attempts(new JobId(job)));
      }
      return 0;
    }
  }

  /** {@code tally webhooks failed}. */
  @Command(
      name = "failed",
      mixinStandardHelpOptions = true,
      description = "List the webhooks of an endpoint that were given up, and not told again.")
  static final class Failed implements Callable<Integer> {

    @Mixin private Target target = new Target();

    @Option(
        names = "--since",
        defaultValue = DAY,
        description = "How far back, such as 30m or 7d (default: ${DEFAULT-VALUE}).")
    private String since = "";

    @Override
    public Integer call() throws IOException, InterruptedException {
      var out = target.out();
      try (var client = target.client()) {
        var found = client.failed(ago(since));
        print(out, found.failed());
        if (!found.isComplete()) {
          out.println("These are the oldest; there are more.");
        }
      }
      return 0;
    }
  }

  /** {@code tally webhooks redeliver}. */
  @Command(
      name = "redeliver",
      mixinStandardHelpOptions = true,
      description =
          "Tell a job's receiver again; or, without a job, all receivers of an endpoint that were"
              + " given up.")
  static final class Redeliver implements Callable<Integer> {

    @Mixin private Target target = new Target();

    @Parameters(
        paramLabel = "JOB",
        arity = "0..1",
        description = "The job's id; without it: all that were given up.")
    private @Nullable String job;

    @Option(names = "--sequence", description = "Of which event (default: the newest).")
    private @Nullable Long sequence;

    @Option(
        names = "--since",
        defaultValue = DAY,
        description = "Without a job: how far back (default: ${DEFAULT-VALUE}).")
    private String since = "";

    @Override
    public Integer call() throws IOException, InterruptedException {
      var out = target.out();
      try (var client = target.client()) {
        if (job != null) {
          var number = sequence == null ? OptionalLong.empty() : OptionalLong.of(sequence);
          var ordered = client.redeliver(new JobId(job), number).ordered().getFirst();
          out.println(
              "ordered: job %s sequence %d, %s"
                  .formatted(ordered.jobId(), ordered.sequence(), ordered.webhookId()));
          return 0;
        }
        var from = ago(since);
        var count = 0;
        ApiClient.Ordered round;
        do {
          round = client.redeliverFailed(from);
          count += round.ordered().size();
        } while (!round.isComplete());
        out.println("ordered: %d".formatted(count));
      }
      return 0;
    }
  }

  /** {@code tally webhooks listen}. */
  @Command(
      name = "listen",
      mixinStandardHelpOptions = true,
      description = "Be a receiver on this machine: print each webhook, check it, answer 200.")
  static final class Listen implements Callable<Integer> {

    @Option(
        names = "--port",
        defaultValue = "9000",
        description = "Where, on 127.0.0.1; 0: any free port (default: ${DEFAULT-VALUE}).")
    private int port;

    @Option(
        names = "--secret-file",
        description = "A file whose first line is the endpoint's secret, whsec_…, to check with.")
    private @Nullable Path secretFile;

    @Spec
    @SuppressWarnings("NullAway.Init") // By picocli.
    private CommandSpec spec;

    @Override
    public Integer call() throws IOException, InterruptedException {
      var out = spec.commandLine().getOut();
      var orders = StopOrders.listen();
      var secret =
          secretFile == null ? Optional.<String>empty() : Optional.of(firstLine(secretFile));
      try (var receiver =
          new WebhookReceiver(
              secret,
              port,
              got -> {
                out.println(
                    "%s  attempt %d%s  signature %s  %s"
                        .formatted(
                            got.webhookId(),
                            got.attempt(),
                            got.trigger().isEmpty() ? "" : " (" + got.trigger() + ")",
                            got.signature(),
                            got.body()));
                out.flush();
              })) {
        out.println("listening on " + receiver.url());
        out.flush();
        orders.await();
      }
      return 0;
    }
  }

  private static Instant ago(String since) {
    return InstantSource.system().instant().minus(Variable.parseDuration(since));
  }

  private static void print(PrintWriter out, List<WebhookAttempt> attempts) {
    for (var attempt : attempts) {
      out.println(
          "%s  job %s #%d  %s %d  %s%s  %d ms  %s"
              .formatted(
                  attempt.time(),
                  attempt.jobId(),
                  attempt.sequence(),
                  attempt.trigger(),
                  attempt.attempt(),
                  attempt.outcome(),
                  attempt.statusCode().map(" %d"::formatted).orElse(""),
                  attempt.duration().toMillis(),
                  attempt
                      .nextAttempt()
                      .map(next -> "next at " + next)
                      .orElse(attempt.isFinal() ? "final" : "")));
    }
    if (attempts.isEmpty()) {
      out.println("none");
    }
  }

  private static String firstLine(Path file) throws IOException {
    try (var lines = Files.lines(file)) {
      return lines
          .findFirst()
          .map(String::strip)
          .filter(line -> !line.isEmpty())
          .orElseThrow(
              () ->
                  new IllegalArgumentException(
                      "Expected a line in %s, but it is empty".formatted(file)));
    }
  }
}
