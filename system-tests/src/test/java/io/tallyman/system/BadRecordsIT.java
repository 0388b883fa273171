package io.tallyman.system;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.tallyman.schemas.Topics;
import io.tallyman.schemas.Topics.Topic;
import io.tallyman.schemas.job.EndpointName;
import io.tallyman.schemas.job.EventMeta;
import io.tallyman.schemas.job.JobEvent.JobStarted;
import io.tallyman.schemas.job.JobId;
import io.tallyman.schemas.job.RunnerHeartbeat;
import io.tallyman.schemas.job.RunnerHeartbeat.Serving;
import io.tallyman.schemas.job.RunnerId;
import io.tallyman.schemas.kafka.Records;
import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Every kind of bad record on every topic, read by the whole product with two of each service that
 * may have a second: whoever reads it goes on, what was promised a dead letter has one, and what
 * follows is as good as ever.
 */
@Timeout(120)
class BadRecordsIT {

  /** The promise. */
  private static final Duration LAG_LIMIT = Duration.ofSeconds(10);

  private static final Duration LIMIT = Duration.ofSeconds(60);
  private static final Instant TIME = Instant.parse("2020-02-02T10:00:00Z");

  private static final JsonMapper JSON = JsonMapper.builder().build();

  @TempDir private static Path folder;

  private static ServicesInProcess services;
  private static BrokerView broker;
  private static Receiver receiver;

  /** Attempts that the last heartbeat of the test spoke of: more than the product ever runs. */
  private static int beats = 100;

  @BeforeAll
  static void start() throws Exception {
    services = new ServicesInProcess(folder);
    broker = new BrokerView(services.kafka());
    receiver = new Receiver();
    services.startAll();
  }

  @AfterAll
  static void stop() {
    receiver.close();
    broker.close();
    services.close();
  }

  static Stream<Topic> topics() {
    return Topics.all(List.of(EndpointName.DEFAULT)).stream();
  }

  @ParameterizedTest
  @MethodSource("topics")
  void shouldGoOnBehindEveryKindOfBadRecord(Topic topic) {
    // given
    var before = broker.lag(topic);

    // when
    var sent = sendBadRecords(topic);

    // then
    var promised = promised(topic, sent);
    Await.until(
        LAG_LIMIT,
        () -> "lag %d; dead letters %s".formatted(broker.lag(topic), broker.letters(topic)),
        () -> broker.lag(topic) <= before && broker.letters(topic).size() >= promised.size());
    shouldWorkAsEver();
    assertThat(broker.letters(topic)).containsExactlyInAnyOrderElementsOf(promised);
  }

  @Test
  void shouldStartAmongBadRecordsOfEveryTopic() {
    // given: deliveries that a dispatcher has not made, so that it reads what was tried before
    services.closeDispatchers();
    var jobs = submit();
    services.closeAll();

    // when
    var promised = new ArrayList<Letter>();
    for (var topic : topics().toList()) {
      var sent = sendBadRecords(topic);
      // Orders that were given before it started are not for a runner.
      promised.addAll(topic.equals(Topics.CONTROL) ? List.of() : promised(topic, sent));
    }
    services.startAll();

    // then
    shouldBeDone(jobs);
    shouldWorkAsEver();
    assertThat(topics().flatMap(topic -> broker.letters(topic).stream()))
        .containsAll(promised)
        .doesNotHaveDuplicates();
  }

  @Test
  void shouldTakeFromANewerWriterWhatItKnows() throws Exception {
    // given: in one partition, because under one key
    var job = new JobId("job-of-a-newer-writer");
    var webhook = Optional.of(URI.create(receiver.url()));
    var queued = BadRecord.queued(job, webhook);
    var started =
        new JobStarted(
            new EventMeta(job, EndpointName.DEFAULT, 2, 1, TIME, "runner/r", webhook),
            new RunnerId("runner-of-a-newer-version"),
            Duration.ZERO,
            TIME.plusSeconds(600));

    // when: members, and between them an event, that this version does not know
    broker.send(withMoreMembers(Records.of(Topics.EVENTS, job.value(), queued, "1", "/t", TIME)));
    var unknown = Records.of(Topics.EVENTS, job.value(), queued, "1b", "/t", TIME);
    unknown.headers().remove("ce_type").add("ce_type", utf8("io.tallyman.job.admired.v1"));
    var origin = broker.send(BrokerView.raw(unknown));
    broker.send(withMoreMembers(Records.of(Topics.EVENTS, job.value(), started, "2", "/t", TIME)));

    // then
    for (var api : services.apis()) {
      Await.until(
          LIMIT,
          () -> Http.get(api + "/v2/default/history/" + job).body(),
          () -> Http.get(api + "/v2/default/status/" + job).body().contains("IN_PROGRESS"));
    }
    Await.until(
        LIMIT,
        () -> "received " + receiver.bodiesOf(job.value()),
        () -> receiver.statesOf(job.value()).equals(List.of("IN_QUEUE", "IN_PROGRESS")));
    var letter = new Letter(origin, "webhook-dispatcher");
    Await.until(
        LIMIT,
        () -> "dead letters " + broker.letters(Topics.EVENTS),
        () -> broker.letters(Topics.EVENTS).contains(letter));
  }

  private static List<Sent> sendBadRecords(Topic topic) {
    var isOfRunner = topic.equals(Topics.CONTROL) || topic.equals(Topics.HEARTBEATS);
    var key = isOfRunner ? ServicesInProcess.RUNNER : BadRecord.JOB;
    // Whatever partition the good jobs are in that follow, there is something before them.
    var partitions =
        topic.equals(Topics.CONTROL)
            ? IntStream.of(BadRecord.partition(topic, key))
            : IntStream.range(0, topic.partitions());
    return partitions
        .boxed()
        .flatMap(partition -> BadRecord.all(topic, key, partition).stream())
        .map(bad -> new Sent(bad.kind(), broker.send(bad.record())))
        .toList();
  }

  /** The dead letters that docs/guarantees.md promises. */
  private static List<Letter> promised(Topic topic, List<Sent> sent) {
    var service =
        switch (topic.name()) {
          case "job-commands" -> "state-processor";
          case "job-events" -> "webhook-dispatcher";
          case "job-control", "job-dispatch.default", "job-dispatch.default.low" -> "worker-runner";
          default -> "";
        };
    return sent.stream()
        .filter(_ -> !service.isEmpty())
        // An order without a key is for nobody.
        .filter(one -> !topic.equals(Topics.CONTROL) || !one.kind().equals("null key"))
        .map(one -> new Letter(one.origin(), service))
        .toList();
  }

  /** All are ready, and jobs of both lanes complete, as both apis and the receiver are told. */
  private static void shouldWorkAsEver() {
    shouldBeDone(submit());
    for (var api : services.apis()) {
      assertThat(Http.get(api + "/readyz").statusCode()).isEqualTo(200);
    }
    assertThat(services.troubles()).isEmpty();
  }

  private static List<String> submit() {
    return Stream.of("false", "true")
        .map(
            isLow ->
                Http.post(
                    services.apis().getFirst() + "/v2/default/run",
                    "{\"input\":{},\"webhook\":\"%s\",\"policy\":{\"lowPriority\":%s}}"
                        .formatted(receiver.url(), isLow)))
        .map(response -> Http.view(response).id().value())
        .toList();
  }

  private static void shouldBeDone(List<String> jobs) {
    for (var job : jobs) {
      for (var api : services.apis()) {
        var history = api + "/v2/default/history/" + job;
        Await.until(
            LIMIT,
            () -> Http.get(history).body(),
            () -> Http.get(history).body().contains("job.completed.v1"));
      }
      Await.until(
          LIMIT,
          () -> "received " + receiver.bodiesOf(job),
          () -> receiver.statesOf(job).equals(List.of("IN_QUEUE", "IN_PROGRESS", "COMPLETED")));
      // Its answer is a rejection, on a topic of news that had bad records too.
      assertThat(
              Http.post(services.apis().getLast() + "/v2/default/cancel/" + job, "").statusCode())
          .isNotEqualTo(503);
    }
    // Heartbeats are heard behind bad ones.
    beats++;
    for (var api : services.apis()) {
      var health = api + "/v2/default/health";
      Await.until(LIMIT, () -> Http.get(health).body(), () -> isHeard(health, beats));
    }
  }

  /** Says that a runner of its own runs so many attempts; whether the api shows them. */
  private static boolean isHeard(String health, int running) {
    var runner = new RunnerId("runner-of-the-test");
    var serving = List.of(new Serving(EndpointName.DEFAULT, running));
    var beat = new RunnerHeartbeat(runner, TIME, "noop", running, serving);
    broker.send(
        BrokerView.raw(Records.of(Topics.HEARTBEATS, runner.value(), beat, "beat", "/t", TIME)));
    return Http.get(health).body().contains("\"running\":" + running);
  }

  private static ProducerRecord<byte[], byte[]> withMoreMembers(
      ProducerRecord<String, byte[]> record) throws Exception {
    var root = (ObjectNode) JSON.readTree(record.value());
    root.putObject("addedLater").put("x", 1);
    ((ObjectNode) root.get("meta")).put("addedLater", "y");
    return BrokerView.raw(record, utf8(root.toString()));
  }

  private static byte[] utf8(String text) {
    return text.getBytes(UTF_8);
  }

  /**
   * A bad record as it was written.
   *
   * @param origin as dead letters tell it: {@code topic-partition@offset}
   */
  private record Sent(String kind, String origin) {}

  /** A dead letter: what it is of, and who wrote it. */
  record Letter(String origin, String service) {}
}
