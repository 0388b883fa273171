package io.tallyman.chaos.docker;

import com.github.dockerjava.api.DockerClient;
import com.github.dockerjava.api.async.ResultCallback;
import com.github.dockerjava.api.model.Event;
import com.github.dockerjava.api.model.EventType;
import com.github.dockerjava.core.DefaultDockerClientConfig;
import com.github.dockerjava.core.DockerClientImpl;
import com.github.dockerjava.zerodep.ZerodepDockerHttpClient;
import io.tallyman.chaos.history.ContainerSighting;
import io.tallyman.chaos.history.ContainerSighting.Kind;
import io.tallyman.chaos.history.Ticker;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.Predicate;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Containers of jobs: known by their name {@code tally-<job>-a<attempt>}. Of an engine that other
 * installations use as well it tells only what the given runners made. Thread-safe.
 */
public final class ContainerWatch implements AutoCloseable {

  private static final Pattern NAME = Pattern.compile("/?tally-(.+)-a([1-9]\\d{0,8})");
  private static final String RUNNER = "tallyman.runner";

  private final DockerClient client;
  private final Ticker ticker;
  private final Predicate<String> isOurs;
  private final Consumer<ContainerSighting> record;

  /** Events told, for the engine repeats some of the last second when it is asked again. */
  private final Set<String> told = new HashSet<>();

  private long sinceSeconds;
  private ResultCallback.@Nullable Adapter<Event> stream;
  private boolean isStopped;

  /**
   * Connects on first use.
   *
   * @param host {@code unix:///path} or {@code tcp://host:port}
   * @param isOurs by the name of the runner, from the container's label
   */
  public ContainerWatch(
      String host, Ticker ticker, Predicate<String> isOurs, Consumer<ContainerSighting> record) {
    this.ticker = ticker;
    this.isOurs = isOurs;
    this.record = record;
    this.sinceSeconds = TimeUnit.MICROSECONDS.toSeconds(ticker.nowMicros());
    this.client =
        DockerClientImpl.getInstance(
            DefaultDockerClientConfig.createDefaultConfigBuilder().withDockerHost(host).build(),
            new ZerodepDockerHttpClient.Builder().dockerHost(URI.create(host)).build());
  }

  /**
   * Tells of events as they come, those since the last call included. Returns when the engine ends
   * the stream; throws whatever the client does when it does not answer.
   */
  public void follow() throws InterruptedException {
    try (var events = new Events()) {
      synchronized (this) {
        if (isStopped) {
          return;
        }
        stream = events;
      }
      client
          .eventsCmd()
          .withEventTypeFilter(EventType.CONTAINER)
          .withEventFilter("start", "die")
          .withSince(Long.toString(since()))
          .exec(events);
      events.awaitCompletion();
    } catch (IOException e) {
      throw new UncheckedIOException("Expected to close the stream of events", e);
    }
  }

  /** Ends {@link #follow()} without an interrupt. */
  public synchronized void stop() {
    isStopped = true;
    if (stream != null) {
      try {
        stream.close();
      } catch (IOException e) {
        throw new UncheckedIOException("Expected to close the stream of events", e);
      }
    }
  }

  /** Tells what runs now. */
  public void look() {
    for (var container : client.listContainersCmd().exec()) {
      sighting(
              ticker.nowMicros(),
              Kind.RUNNING,
              container.getId(),
              List.of(container.getNames()).getFirst(),
              container.getLabels())
          .ifPresent(record);
    }
  }

  /** Names of containers of jobs, in whatever state. */
  public List<String> left() {
    return client.listContainersCmd().withShowAll(true).exec().stream()
        .filter(
            container ->
                sighting(0, Kind.RUNNING, "", container.getNames()[0], container.getLabels())
                    .isPresent())
        .map(container -> container.getNames()[0])
        .toList();
  }

  @Override
  public void close() {
    try {
      client.close();
    } catch (IOException e) {
      throw new UncheckedIOException("Expected to close the connection to the engine", e);
    }
  }

  private final class Events extends ResultCallback.Adapter<Event> {
    @Override
    public void onNext(Event event) {
      tell(event);
    }
  }

  private synchronized long since() {
    return sinceSeconds;
  }

  private synchronized void tell(Event event) {
    var actor = event.getActor();
    var nanos = event.getTimeNano();
    if (actor == null || nanos == null || actor.getAttributes() == null) {
      return;
    }
    sinceSeconds = TimeUnit.NANOSECONDS.toSeconds(nanos);
    if (told.add("%s %s %d".formatted(actor.getId(), event.getAction(), nanos))) {
      sighting(
              TimeUnit.NANOSECONDS.toMicros(nanos),
              "start".equals(event.getAction()) ? Kind.STARTED : Kind.ENDED,
              String.valueOf(actor.getId()),
              actor.getAttributes().getOrDefault("name", ""),
              actor.getAttributes())
          .ifPresent(record);
    }
  }

  private Optional<ContainerSighting> sighting(
      long at, Kind kind, String id, String name, Map<String, String> labels) {
    var parts = NAME.matcher(name);
    var runner = labels.getOrDefault(RUNNER, "");
    return parts.matches() && isOurs.test(runner)
        ? Optional.of(
            new ContainerSighting(
                at, kind, id, parts.group(1), Integer.parseInt(parts.group(2)), runner))
        : Optional.empty();
  }
}
