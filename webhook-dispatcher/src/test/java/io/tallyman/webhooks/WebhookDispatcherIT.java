package io.tallyman.webhooks;

import static io.tallyman.webhooks.Stage.await;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.tuple;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import com.standardwebhooks.Webhook;
import com.standardwebhooks.exceptions.WebhookVerificationException;
import io.tallyman.runtime.Service.Health;
import io.tallyman.schemas.Topics;
import io.tallyman.schemas.job.EndpointName;
import io.tallyman.schemas.job.EventMeta;
import io.tallyman.schemas.job.JobEvent;
import io.tallyman.schemas.job.JobEvent.JobCompleted;
import io.tallyman.schemas.job.JobEvent.JobQueued;
import io.tallyman.schemas.job.JobEvent.JobRequeued;
import io.tallyman.schemas.job.JobEvent.JobStarted;
import io.tallyman.schemas.job.JobEvent.Run;
import io.tallyman.schemas.job.JobId;
import io.tallyman.schemas.job.JobRequest;
import io.tallyman.schemas.job.Policy;
import io.tallyman.schemas.job.RawJson;
import io.tallyman.schemas.job.RunnerId;
import io.tallyman.schemas.job.SecretName;
import io.tallyman.schemas.job.WebhookAttempt;
import io.tallyman.schemas.kafka.Records;
import io.tallyman.webhooks.http.Receiver;
import io.tallyman.webhooks.http.Receiver.Received;
import io.tallyman.webhooks.kafka.Broker;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInfo;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.slf4j.LoggerFactory;

/** The whole service against a real broker and real HTTP receivers. */
@Timeout(120)
class WebhookDispatcherIT {

  private static final String SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
  private static final String THEIRS = "whsec_" + "Q".repeat(32);
  private static final Duration DELAY = Duration.ofMillis(200);
  private static final String YAML =
      """
      endpoints:
        default:
          image: x
          command: [x]
          webhook: {secret: %s, delay: %dms, namedSecrets: {customer-a: {secret: %s}}}
        lasting:
          image: x
          command: [x]
          webhook: {delay: 1h, deadline: 1h}
      """
          .formatted(SECRET, DELAY.toMillis(), THEIRS);
  private static final EndpointName LASTING = new EndpointName("lasting");

  @TempDir private static Path folder;

  @SuppressWarnings("NullAway.Init") // By start.
  private static Broker broker;

  private String group = "";

  @SuppressWarnings("NullAway.Init") // By group.
  private Stage stage;

  @BeforeAll
  static void start() throws InterruptedException {
    broker = Broker.start(folder);
  }

  @AfterAll
  static void stop() {
    broker.close();
  }

  /** Each test is a group of its own that begins at the end of the log. */
  @BeforeEach
  void group(TestInfo test) throws InterruptedException {
    group = test.getTestMethod().orElseThrow().getName();
    broker.commitEnd(group, "");
    stage = new Stage(folder, YAML, group);
  }

  @AfterEach
  void close() {
    stage.close();
  }

  @Test
  void shouldTellEachStateOnceInOrderAndSigned() throws Exception {
    // given
    var receiver = receiver(200);
    dispatcher();

    // when: in two transactions, with an aborted one between them
    broker.append(life("told", receiver.url()).subList(0, 2));
    broker.appendAborted(requeued("told", 9, receiver.url(), EndpointName.DEFAULT));
    broker.append(life("told", receiver.url()).subList(2, 3));
    // and an aborted one at the end, behind which its group is as well
    broker.appendAborted(requeued("told", 9, receiver.url(), EndpointName.DEFAULT));
    await(() -> broker.lag(group) == 0);

    // then
    assertThat(receiver.received())
        .extracting(Received::body)
        .containsExactly(
            "{\"id\":\"told\",\"status\":\"IN_QUEUE\"}",
            "{\"id\":\"told\",\"status\":\"IN_PROGRESS\",\"delayTime\":120}",
            "{\"id\":\"told\",\"status\":\"COMPLETED\",\"delayTime\":120,\"executionTime\":4500,"
                + "\"output\":{\"b\" : 1e0,\"a\":\"😀\"}}");
    assertThat(receiver.received()).extracting(Received::sequence).containsExactly(1L, 2L, 3L);
    for (var one : receiver.received()) {
      new Webhook(SECRET).verify(one.body(), lists(one.headers()));
      assertThat(one.headers())
          .containsEntry("content-type", "application/json")
          .containsEntry("webhook-attempt", "1");
      assertThat(one.headers().get("user-agent")).matches("Tallyman/\\d+\\.\\d+\\.\\d+.*");
    }
  }

  @Test
  void shouldSignWithTheSecretThatTheJobNamesAndNoOther() throws Exception {
    // given
    var receiver = receiver(200);
    dispatcher();

    // when: the last one's secret is not in the endpoints file
    broker.append(
        List.of(
            naming("customer-a", "theirs", receiver.url()),
            requeued("ours", 1, receiver.url(), EndpointName.DEFAULT),
            naming("customer-z", "nobodys", receiver.url())));
    await(() -> broker.lag(group) == 0);

    // then
    var theirs = receiver.received("theirs").getFirst();
    new Webhook(THEIRS).verify(theirs.body(), lists(theirs.headers()));
    assertThatThrownBy(() -> new Webhook(SECRET).verify(theirs.body(), lists(theirs.headers())))
        .isInstanceOf(WebhookVerificationException.class);
    var ours = receiver.received("ours").getFirst();
    new Webhook(SECRET).verify(ours.body(), lists(ours.headers()));
    assertThat(receiver.received("nobodys")).isEmpty();
    assertThat(broker.read(Topics.WEBHOOK_DEAD_LETTERS, WebhookAttempt.class, "nobodys"))
        .extracting(WebhookAttempt::outcome)
        .containsExactly("secret_missing");
  }

  @Test
  void shouldSayNothingWhenNobodyAsked() throws Exception {
    // given
    var receiver = receiver(200);
    dispatcher();

    // when
    broker.append(
        List.of(
            new JobRequeued(
                new EventMeta(
                    new JobId("quiet"),
                    EndpointName.DEFAULT,
                    1,
                    1,
                    Instant.EPOCH,
                    "api",
                    Optional.empty()),
                "x: y",
                Instant.EPOCH)));
    await(() -> broker.lag(group) == 0);

    // then
    assertThat(receiver.received()).isEmpty();
  }

  @Test
  void shouldTryAgainUntilItIsAcknowledged() throws Exception {
    // given
    var calls = new AtomicInteger();
    var receiver = receiver(200);
    receiver.answer(_ -> calls.incrementAndGet() < 3 ? 500 : 200);
    dispatcher();

    // when
    broker.append(List.of(requeued("again", 1, receiver.url(), EndpointName.DEFAULT)));
    await(() -> broker.lag(group) == 0);

    // then: the pauses count from the end of the failure
    var received = receiver.received();
    assertThat(received).hasSize(3);
    assertThat(received).extracting(Received::webhookId).containsOnly(received.get(0).webhookId());
    for (var i = 1; i < 3; i++) {
      assertThat(received.get(i).nanos() - received.get(i - 1).nanos())
          .isGreaterThanOrEqualTo(DELAY.toNanos());
    }
    var attempts = broker.read(Topics.WEBHOOK_ATTEMPTS, WebhookAttempt.class, "again");
    assertThat(attempts).extracting(WebhookAttempt::attempt).containsExactly(1, 2, 3);
    assertThat(attempts)
        .extracting(WebhookAttempt::outcome)
        .containsExactly("status", "status", "delivered");
    assertThat(attempts)
        .extracting(WebhookAttempt::webhookId)
        .containsOnly(received.get(0).webhookId());
    assertThat(broker.read(Topics.WEBHOOK_DEAD_LETTERS, WebhookAttempt.class, "again")).isEmpty();
  }

  @Test
  void shouldGiveUpLoudlyInWritingAndGoOnWithTheJob() throws Exception {
    // given
    var log = new ListAppender<ILoggingEvent>();
    var logger = (Logger) LoggerFactory.getLogger("io.tallyman");
    var run = (Logger) LoggerFactory.getLogger("io.tallyman.webhooks.delivery.DeliveryRun");
    log.start();
    logger.addAppender(log);
    logger.setLevel(Level.TRACE);
    run.setLevel(Level.TRACE);
    try {
      var receiver = receiver(200);
      receiver.answer(one -> one.sequence() == 2 ? 500 : 200);
      dispatcher();

      // when
      broker.append(life("given-up", receiver.url()));
      await(() -> broker.lag(group) == 0);

      // then
      assertThat(receiver.received())
          .extracting(Received::sequence)
          .containsExactly(1L, 2L, 2L, 2L, 3L);
      var letters = broker.read(Topics.WEBHOOK_DEAD_LETTERS, WebhookAttempt.class, "given-up");
      assertThat(letters).hasSize(1);
      var letter = letters.getFirst();
      assertThat(letter.sequence()).isEqualTo(2);
      assertThat(letter.attempt()).isEqualTo(3);
      assertThat(letter.statusCode()).contains(500);
      assertThat(letter.isFinal()).isTrue();
      assertThat(letter.webhookId()).isEqualTo(receiver.received().get(1).webhookId());
      var lines = log.list.stream().map(ILoggingEvent::getFormattedMessage).toList();
      assertThat(lines)
          .anyMatch(
              line -> line.startsWith("GAVE UP telling job given-up sequence 2 to 127.0.0.1"));

      // and: the secret is nowhere
      var key = SECRET.substring("whsec_".length());
      assertThat(lines).noneMatch(line -> line.contains(key));
      for (var topic : List.of(Topics.WEBHOOK_ATTEMPTS, Topics.WEBHOOK_DEAD_LETTERS)) {
        assertThat(broker.read(topic))
            .noneMatch(record -> new String(record.value(), UTF_8).contains(key));
      }
    } finally {
      logger.detachAppender(log);
      logger.setLevel(null);
      run.setLevel(Level.OFF);
    }
  }

  @Test
  void shouldKeepTheOrderWhenOneStateFailsOnce() throws Exception {
    // given
    var failed = ConcurrentHashMap.<Long>newKeySet();
    var receiver = receiver(200);
    receiver.answer(one -> one.sequence() == 2 && failed.add(2L) ? 503 : 200);
    dispatcher();

    // when
    broker.append(
        IntStream.rangeClosed(1, 10)
            .mapToObj(i -> requeued("ten", i, receiver.url(), EndpointName.DEFAULT))
            .toList());
    await(() -> broker.lag(group) == 0);

    // then
    assertThat(receiver.received())
        .extracting(Received::sequence)
        .containsExactly(1L, 2L, 2L, 3L, 4L, 5L, 6L, 7L, 8L, 9L, 10L);
  }

  @Test
  void shouldNotLetASilentReceiverDelayOthers() throws Exception {
    // given: more silent jobs than their receiver has slots, and none of them ends in this test
    var silent = receiver(Receiver.SILENCE);
    var healthy = receiver(200);
    dispatcher();
    broker.append(
        IntStream.range(0, 300)
            .mapToObj(i -> requeued("silent-" + i, 1, silent.url(), LASTING))
            .toList());
    await(() -> silent.received().size() == 100);

    // when
    broker.append(
        IntStream.range(0, 100)
            .mapToObj(i -> requeued("healthy-" + i, 1, healthy.url(), EndpointName.DEFAULT))
            .toList());

    // then
    await(() -> healthy.received().size() == 100);
    assertThat(silent.received()).hasSize(100);
  }

  @Test
  void shouldTellWhatWasOpenAndNothingElseWhenItStartsAgain() throws Exception {
    // given: of 200 jobs every second is answered, the others hang or sleep an hour
    var receiver = receiver(200);
    var first = dispatcher();
    receiver.answer(
        one ->
            switch (number(one.job()) % 4) {
              case 0 -> Receiver.SILENCE;
              case 1 -> 500;
              default -> 200;
            });
    broker.append(
        IntStream.range(0, 200)
            .mapToObj(i -> requeued("restart-" + i, 1, receiver.url(), LASTING))
            .toList());
    await(() -> receiver.received().size() == 200);

    // when
    var start = System.nanoTime();
    first.close();
    var took = Duration.ofNanos(System.nanoTime() - start);
    var before = Map.copyOf(ids(receiver.received()));
    receiver.answer(_ -> 200);
    dispatcher();
    await(() -> broker.lag(group) == 0);

    // then
    assertThat(took).isLessThan(Duration.ofSeconds(4));
    for (var i = 0; i < 200; i++) {
      var received = receiver.received("restart-" + i);
      assertThat(received).as("job %d", i).hasSize(i % 4 < 2 ? 2 : 1);
      assertThat(received)
          .extracting(Received::webhookId)
          .containsOnly(before.getOrDefault("restart-" + i, ""));
    }
    assertThat(broker.read(Topics.WEBHOOK_DEAD_LETTERS))
        .noneMatch(record -> new String(record.key(), UTF_8).startsWith("restart-"));
  }

  @Test
  void shouldShareTheWorkAndLoseNothingWhenAnInstanceComesAndGoes() throws Exception {
    // given
    var random = new Random(5);
    var receiver = receiver(200);
    receiver.answer(
        _ -> {
          synchronized (random) {
            return random.nextInt(10) == 0 ? 500 : 200;
          }
        });
    var first = dispatcher();

    // when: events all the while another instance joins, and the first leaves
    append("share-a", receiver.url());
    dispatcher();
    append("share-b", receiver.url());
    first.close();
    append("share-c", receiver.url());
    await(() -> broker.lag(group) == 0);

    // then: each once or more, and never an older one after a newer one was first told
    var told =
        receiver.received().stream()
            .collect(
                Collectors.groupingBy(
                    Received::job, Collectors.mapping(Received::sequence, Collectors.toList())));
    assertThat(told).hasSize(60);
    told.forEach(
        (job, sequences) ->
            assertThat(sequences.stream().distinct().toList())
                .as(job)
                .containsExactly(1L, 2L, 3L, 4L, 5L));
  }

  @Test
  void shouldPutRecordsItCannotReadAsideAndGoOn() throws Exception {
    // given
    var receiver = receiver(200);
    dispatcher();
    var queued = "io.tallyman.job.queued.v1";

    // when
    broker.appendRaw("poison", "{not json".getBytes(UTF_8), Map.of("ce_type", queued));
    broker.appendRaw("poison", null, Map.of("ce_type", queued));
    broker.appendRaw("poison", "{}".getBytes(UTF_8), Map.of("ce_type", queued));
    broker.appendRaw("poison", "{}".getBytes(UTF_8), Map.of("ce_type", "io.tallyman.job.new.v9"));
    broker.appendRaw("poison", new byte[5_000_000], Map.of());
    broker.append(List.of(requeued("poison", 1, receiver.url(), EndpointName.DEFAULT)));
    await(() -> broker.lag(group) == 0);

    // then
    assertThat(receiver.received()).hasSize(1);
    var letters = broker.read(Topics.DEAD_LETTERS);
    assertThat(letters).hasSize(5);
    assertThat(letters)
        .allMatch(it -> "webhook-dispatcher".equals(Records.text(it.headers(), "tallyman-service")))
        .allMatch(it -> "poison".equals(new String(it.key(), UTF_8)));
    assertThat(letters).anyMatch(it -> it.value() != null && it.value().length == 5_000_000);
  }

  @Test
  void shouldStartAtTheWatermarkWhenTheMetadataIsNotOurs() throws Exception {
    // given
    broker.commitEnd(group, "somebody else's");
    var receiver = receiver(200);

    // when
    dispatcher();
    broker.append(List.of(requeued("foreign", 1, receiver.url(), EndpointName.DEFAULT)));

    // then
    await(() -> broker.lag(group) == 0);
    assertThat(receiver.received()).hasSize(1);
  }

  @Test
  void shouldTellALargeOutput() throws Exception {
    // given
    var receiver = receiver(200);
    dispatcher();
    var output = "\"" + "x".repeat(20_000_000) + "\"";

    // when
    broker.append(
        List.of(
            new JobCompleted(
                meta("large", 1, receiver.url(), EndpointName.DEFAULT),
                run(),
                RawJson.of(output))));
    await(() -> broker.lag(group) == 0);

    // then
    assertThat(receiver.received().getFirst().body()).endsWith(output + "}");
  }

  @Test
  void shouldEndAndSaySoWhenAnotherDispatcherTakesItsName() throws Exception {
    // given
    var first = stage.dispatcher(broker.bootstrapServers(), Optional.of("twin"));

    // when
    var second = stage.dispatcher(broker.bootstrapServers(), Optional.of("twin"));

    // then
    await(() -> !first.health().getFirst().isReady());
    assertThat(first.health().getFirst().detail())
        .contains("another webhook-dispatcher goes by the name twin", "TALLY_DISPATCHER_ID");
    assertThat(second.health()).allMatch(Health::isReady);
  }

  @Test
  void shouldWaitForKafkaAndStopQuicklyWithoutIt() {
    for (var nowhere : List.of("127.0.0.1:1", "nowhere.invalid:9092")) {
      // when
      var start = System.nanoTime();
      var dispatcher =
          WebhookDispatcher.start(Stage.settings(nowhere, YAML, folder, group, Optional.empty()));
      var started = Duration.ofNanos(System.nanoTime() - start);
      var health = dispatcher.health();
      start = System.nanoTime();
      dispatcher.close();

      // then
      assertThat(started).isLessThan(Duration.ofSeconds(2));
      assertThat(health)
          .extracting(Health::name, Health::isReady)
          .containsExactly(tuple("kafka", false));
      assertThat(Duration.ofNanos(System.nanoTime() - start)).isLessThan(Duration.ofSeconds(4));
    }
  }

  private void append(String prefix, URI receiver) {
    for (var sequence = 1; sequence <= 5; sequence++) {
      var position = sequence;
      broker.append(
          IntStream.range(0, 20)
              .mapToObj(i -> requeued(prefix + i, position, receiver, EndpointName.DEFAULT))
              .toList());
    }
  }

  private Receiver receiver(int status) throws IOException {
    return stage.receiver(_ -> status);
  }

  private WebhookDispatcher dispatcher() throws Exception {
    return stage.dispatcher(broker.bootstrapServers());
  }

  private static List<JobEvent> life(String job, URI receiver) {
    var request =
        new JobRequest(
            EndpointName.DEFAULT, RawJson.of("{}"), Policy.DEFAULT, Optional.of(receiver), "ab");
    return List.of(
        new JobQueued(meta(job, 1, receiver, EndpointName.DEFAULT), request, Instant.EPOCH),
        new JobStarted(
            meta(job, 2, receiver, EndpointName.DEFAULT),
            run().runner(),
            run().delayTime(),
            Instant.EPOCH),
        new JobCompleted(
            meta(job, 3, receiver, EndpointName.DEFAULT),
            run(),
            RawJson.of("{\"b\" : 1e0,\"a\":\"😀\"}")));
  }

  private static JobEvent requeued(String job, long sequence, URI receiver, EndpointName endpoint) {
    return new JobRequeued(meta(job, sequence, receiver, endpoint), "retried: x", Instant.EPOCH);
  }

  private static JobEvent naming(String secret, String job, URI receiver) {
    return new JobRequeued(
        new EventMeta(
            new JobId(job),
            EndpointName.DEFAULT,
            1,
            1,
            Instant.EPOCH,
            "api",
            Optional.of(receiver),
            Optional.of(new SecretName(secret))),
        "retried: x",
        Instant.EPOCH);
  }

  private static EventMeta meta(String job, long sequence, URI receiver, EndpointName endpoint) {
    return new EventMeta(
        new JobId(job), endpoint, sequence, 1, Instant.EPOCH, "api", Optional.of(receiver));
  }

  private static Run run() {
    return new Run(new RunnerId("runner-1"), Duration.ofMillis(120), Duration.ofMillis(4_500));
  }

  private static int number(String job) {
    return Integer.parseInt(job.substring(job.lastIndexOf('-') + 1));
  }

  private static Map<String, String> ids(List<Received> received) {
    return received.stream().collect(Collectors.toMap(Received::job, Received::webhookId));
  }

  private static Map<String, List<String>> lists(Map<String, String> headers) {
    return headers.entrySet().stream()
        .collect(
            Collectors.toMap(
                header -> header.getKey().toLowerCase(Locale.ROOT),
                header -> List.of(header.getValue())));
  }
}
