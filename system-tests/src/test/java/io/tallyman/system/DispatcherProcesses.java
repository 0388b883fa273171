package io.tallyman.system;

import io.tallyman.embedded.EmbeddedKafka;
import io.tallyman.embedded.FreePort;
import io.tallyman.runtime.kafka.KafkaSettings;
import io.tallyman.runtime.kafka.TopicSetup;
import io.tallyman.schemas.Topics;
import io.tallyman.schemas.job.EndpointName;
import io.tallyman.schemas.job.EventMeta;
import io.tallyman.schemas.job.JobEvent.JobRequeued;
import io.tallyman.schemas.job.JobId;
import io.tallyman.schemas.kafka.Records;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.apache.kafka.clients.producer.Producer;

/** A broker and webhook-dispatchers, each its own process; the test writes the events. */
final class DispatcherProcesses implements AutoCloseable {

  private static final Duration LIMIT = Duration.ofSeconds(90);
  private static final int WRITE_TIMEOUT_MS = 30_000;

  private final Path folder;
  private final EmbeddedKafka kafka;
  private final Producer<String, byte[]> events;
  private final List<One> started = new ArrayList<>();

  /** A dispatcher. */
  record One(Tally process, String url) {

    /** The value of a series without labels, or with these. */
    double number(String series) {
      return Http.get(url + "/metrics")
          .body()
          .lines()
          .filter(line -> line.startsWith(series + " "))
          .mapToDouble(line -> Double.parseDouble(line.substring(series.length() + 1)))
          .findFirst()
          .orElseThrow(() -> new AssertionError(series + " is no series"));
    }
  }

  /** A broker with the topics of an installation. */
  DispatcherProcesses(Path folder) throws InterruptedException {
    this.folder = folder;
    this.kafka = EmbeddedKafka.start(folder.resolve("kafka"));
    TopicSetup.ensure(kafka.bootstrapServers(), Topics.all(List.of(EndpointName.DEFAULT)));
    this.events = KafkaSettings.producer(kafka.bootstrapServers(), "test", WRITE_TIMEOUT_MS);
  }

  /** Bootstrap servers. */
  String kafka() {
    return kafka.bootstrapServers();
  }

  /**
   * Starts one, and waits until it is ready.
   *
   * @param id its name; one that was killed has the same again
   * @param webhook the rules of endpoint {@code default}, as YAML on one line
   * @param settings further variables
   */
  One start(String id, String webhook, Map<String, String> settings) {
    var one = starting(id, webhook, settings);
    awaitReady(one);
    return one;
  }

  /** The same, not ready yet. */
  One starting(String id, String webhook, Map<String, String> settings) {
    var port = FreePort.find();
    var environment = new HashMap<String, String>();
    environment.put("TALLY_KAFKA", kafka.bootstrapServers());
    environment.put("TALLY_ALLOWED_NETWORKS", "127.0.0.0/8");
    environment.put("TALLY_ENDPOINTS_FILE", endpoints(id, webhook).toString());
    environment.put("TALLY_DATA_DIR", folder.resolve(id).toString());
    environment.put("TALLY_DISPATCHER_ID", id);
    environment.put("TALLY_HEALTH_PORT", Integer.toString(port));
    // Without -Xms the JVM gives memory back until it collects twice a second.
    environment.put("TALLY_JAVA_OPTS", "-Xms256m -Xmx256m");
    environment.putAll(settings);
    var one = new One(Tally.start(environment, "webhook-dispatcher"), "http://127.0.0.1:" + port);
    started.add(one);
    return one;
  }

  /** Waits until it has its partitions, or may have some. */
  void awaitReady(One one) {
    Await.until(
        LIMIT,
        () -> "not ready:\n" + String.join("\n", one.process().output()),
        () -> isReady(one));
  }

  /** Writes an event; sent in the background. */
  void write(String job, long sequence, URI receiver) {
    write(EndpointName.DEFAULT, job, sequence, receiver);
  }

  /** The same of a job of this endpoint. */
  void write(EndpointName endpoint, String job, long sequence, URI receiver) {
    var now = Instant.now();
    var event =
        new JobRequeued(
            new EventMeta(
                new JobId(job), endpoint, sequence, 1, now, "test", Optional.of(receiver)),
            "retried: test",
            now.plusSeconds(600));
    var _ = events.send(Records.of(Topics.EVENTS, job, event, job + ":" + sequence, "/test", now));
  }

  /** Waits until all that was written is durable. */
  void flush() {
    events.flush();
  }

  @Override
  public void close() {
    started.reversed().forEach(one -> one.process().close());
    events.close();
    kafka.close();
  }

  private Path endpoints(String id, String webhook) {
    var file = folder.resolve(id + ".yaml");
    try {
      return Files.writeString(
          file,
          """
          endpoints:
            default:
              image: busybox:latest
              command: ["true"]
              webhook: %1$s
            other:
              image: busybox:latest
              command: ["true"]
              webhook: %1$s
          """
              .formatted(webhook));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static boolean isReady(One one) {
    try {
      return Http.get(one.url() + "/readyz").statusCode() == 200;
    } catch (UncheckedIOException _) {
      return false;
    }
  }
}
