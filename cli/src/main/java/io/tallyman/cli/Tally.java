package io.tallyman.cli;

import java.util.Objects;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.IVersionProvider;
import picocli.CommandLine.ParameterException;

/** The {@code tally} command. Exit codes: 0 done, 1 failed, 2 wrong usage or settings. */
@Command(
    name = "tally",
    mixinStandardHelpOptions = true,
    versionProvider = Tally.Version.class,
    description = "Tallyman: container jobs whose every transition is an event you can replay.",
    subcommands = {
      DemoCommand.class,
      DevCommand.class,
      BenchCommand.class,
      ChaosCommand.class,
      WebhooksCommand.class,
      ServiceCommands.ApiCommand.class,
      ServiceCommands.StateProcessorCommand.class,
      ServiceCommands.WorkerRunnerCommand.class,
      ServiceCommands.WebhookDispatcherCommand.class
    })
public final class Tally {

  /** Runs the command line and ends the process with its exit code. */
  public static void main(String[] arguments) {
    var line =
        new CommandLine(new Tally())
            .setExecutionExceptionHandler(
                (e, command, _) -> {
                  // A wrong setting is the user's to mend: a sentence helps, a stack trace does
                  // not.
                  command
                      .getErr()
                      .println(
                          e instanceof InterruptedException
                              ? "tally: stopped before it was done"
                              : "tally: " + explain(e));
                  return e instanceof IllegalArgumentException
                      ? CommandLine.ExitCode.USAGE
                      : CommandLine.ExitCode.SOFTWARE;
                })
            .setParameterExceptionHandler(Tally::misused);
    System.exit(line.execute(arguments));
  }

  private static int misused(ParameterException e, String[] arguments) {
    var command = e.getCommandLine();
    command.getErr().println("tally: " + e.getMessage());
    command.getErr().println("Try 'tally %s --help'.".formatted(command.getCommandName()));
    return CommandLine.ExitCode.USAGE;
  }

  private static String explain(Throwable e) {
    var text = Objects.requireNonNullElse(e.getMessage(), e.toString());
    var cause = e.getCause();
    return cause == null || text.contains(String.valueOf(cause.getMessage()))
        ? text
        : text + " (" + explain(cause) + ")";
  }

  /** The version in the jar's manifest. */
  static final class Version implements IVersionProvider {
    @Override
    public String[] getVersion() {
      var version = Tally.class.getPackage().getImplementationVersion();
      return new String[] {"tally " + Objects.requireNonNullElse(version, "(not packaged)")};
    }
  }
}
