package io.tallyman.chaos.process;

import io.tallyman.chaos.history.ContainerSighting;
import io.tallyman.chaos.history.ContainerSighting.Kind;
import io.tallyman.chaos.history.Ticker;
import io.tallyman.chaos.process.Proc.Found;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import java.util.function.LongFunction;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * Attempts of the process runtime, known by {@code TALLY_JOB_ID} in the environment of their
 * processes. What is shorter than the time between two looks may go unseen. Of a machine that other
 * installations use as well it tells only of folders in the given one. Not thread-safe.
 */
public final class ProcessLooks {

  private static final String JOB = "TALLY_JOB_ID";
  private static final String ATTEMPT = "TALLY_ATTEMPT";
  private static final String FOLDER = "TALLY_JOB_DIR";

  private final Path folder;
  private final LongFunction<String> runnerOf;
  private final Ticker ticker;
  private final Consumer<ContainerSighting> record;

  /** What ran at the look before, by the id that it was told with. */
  private Map<String, Creation> running = Map.of();

  /** Id of each process of the look before, by its name. */
  private Map<String, String> ids = Map.of();

  /**
   * @param folder that the folders of attempts are in, at whatever depth
   * @param runnerOf name of the runner with that pid, or empty
   */
  public ProcessLooks(
      Path folder,
      LongFunction<String> runnerOf,
      Ticker ticker,
      Consumer<ContainerSighting> record) {
    this.folder = folder.toAbsolutePath().normalize();
    this.runnerOf = runnerOf;
    this.ticker = ticker;
    this.record = record;
  }

  private record Creation(String job, int attempt, String folder, String runner) {}

  /** Tells what began and what ended since the look before, and what goes on. */
  public void look() {
    var found = found().collect(Collectors.toMap(Found::pid, process -> process));
    var nowIds = new HashMap<String, String>();
    var now = new HashMap<String, Creation>();
    for (var process : found.values()) {
      var top = top(process, found);
      var id = id(top);
      nowIds.put(process.name(), id);
      now.computeIfAbsent(id, _ -> creation(id, top));
    }
    var at = ticker.nowMicros();
    now.forEach(
        (id, creation) ->
            tell(at, running.containsKey(id) ? Kind.RUNNING : Kind.STARTED, id, creation));
    running.forEach(
        (id, creation) -> {
          if (!now.containsKey(id)) {
            tell(at, Kind.ENDED, id, creation);
          }
        });
    running = now;
    ids = nowIds;
  }

  /** Processes of jobs that are there now, each with what it belongs to. */
  public List<String> left() {
    return found()
        .map(process -> "%d of %s".formatted(process.pid(), process.environment().get(FOLDER)))
        .toList();
  }

  private Stream<Found> found() {
    return Proc.withVariable(JOB).stream()
        .filter(
            process ->
                Path.of(process.environment().getOrDefault(FOLDER, "/"))
                        .normalize()
                        .startsWith(folder)
                    && process.environment().getOrDefault(ATTEMPT, "").matches("[1-9]\\d{0,8}"));
  }

  /** The command that the runner started, of which the process is a descendant. */
  private static Found top(Found process, Map<Long, Found> found) {
    var top = process;
    for (var parent = found.get(top.parent());
        parent != null && isSameAttempt(parent, top);
        parent = found.get(top.parent())) {
      top = parent;
    }
    return top;
  }

  /** One per creation. An orphan belongs to what runs, or ran just now, in its folder. */
  private String id(Found top) {
    var known = ids.get(top.name());
    if (known != null) {
      return known;
    }
    var in = top.environment().getOrDefault(FOLDER, "");
    return running.entrySet().stream()
        .filter(entry -> entry.getValue().folder().equals(in))
        .map(Map.Entry::getKey)
        .findAny()
        .orElse(top.name());
  }

  private static boolean isSameAttempt(Found one, Found other) {
    return one.environment()
        .getOrDefault(FOLDER, "")
        .equals(other.environment().getOrDefault(FOLDER, ""));
  }

  private Creation creation(String id, Found top) {
    var before = running.get(id);
    if (before != null) {
      return before;
    }
    var environment = top.environment();
    return new Creation(
        environment.getOrDefault(JOB, ""),
        Integer.parseInt(environment.getOrDefault(ATTEMPT, "0")),
        environment.getOrDefault(FOLDER, ""),
        runnerOf.apply(top.parent()));
  }

  private void tell(long at, Kind kind, String id, Creation creation) {
    record.accept(
        new ContainerSighting(at, kind, id, creation.job(), creation.attempt(), creation.runner()));
  }
}
