package io.tallyman.system;

import static org.assertj.core.api.Assertions.assertThat;

import io.tallyman.runtime.kafka.WebhookDeadLetters;
import io.tallyman.schemas.job.WebhookAttempt;
import io.tallyman.system.DispatcherProcesses.One;
import io.tallyman.system.ManyReceivers.Answer;
import io.tallyman.system.ManyReceivers.Request;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Collectors;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Dispatchers as processes, with plugs pulled in the middle of their work. */
@Timeout(300)
class DispatcherCrashIT {

  private static final Duration LIMIT = Duration.ofSeconds(90);
  private static final int IN_FLIGHT = 200;
  private static final int ASLEEP = 200;

  /** Jobs that are being told of while the plug is pulled, and what happens to each. */
  private static final int BUSY = 600;

  private static final int STATES = 3;

  /** Done and not committed: a commit a second, seen at the next poll, on a crowded machine. */
  private static final Duration UNCOMMITTED = Duration.ofMillis(1_500);

  @TempDir Path folder;

  @Test
  void shouldTellAllAndRepeatFewWhenKilledWith200InFlightAnd200Asleep() throws Exception {
    var hangs = new AtomicBoolean(true);
    try (var receivers = new ManyReceivers(request -> answer(request, hangs));
        var dispatchers = new DispatcherProcesses(folder)) {
      // given: those that hang, those whose next attempt is an hour away
      var rules = "{delay: 1h, deadline: 1h}";
      var first = dispatchers.start("one", rules, Map.of());
      for (var i = 0; i < IN_FLIGHT; i++) {
        dispatchers.write("hanging-" + i, 1, receivers.url(i % 4, "hanging/" + i));
      }
      for (var i = 0; i < ASLEEP; i++) {
        dispatchers.write("asleep-" + i, 1, receivers.url(10 + i % 4, "asleep/" + i));
      }
      Await.until(
          LIMIT,
          () -> first.number("tally_webhook_in_flight") + " in flight",
          () ->
              first.number("tally_webhook_in_flight") == IN_FLIGHT
                  && first.number("tally_webhook_sleeping") == ASLEEP);

      // when: the plug is pulled amid others that are acknowledged
      var killedAt = 0L;
      var second = first;
      for (var i = 0; i < BUSY; i++) {
        for (var state = 1; state <= STATES; state++) {
          dispatchers.write("busy-" + i, state, receivers.url(20 + i % 10, "busy/" + i));
        }
        LockSupport.parkNanos(Duration.ofMillis(5).toNanos());
        if (i == BUSY / 2) {
          first.process().kill();
          killedAt = System.nanoTime();
          hangs.set(false);
          second = dispatchers.starting("one", rules, Map.of());
        }
      }
      var total = IN_FLIGHT + ASLEEP + BUSY * STATES;
      var last = second;
      Await.until(
          LIMIT,
          () -> ids(receivers).size() + " of " + total + " told",
          () ->
              ids(receivers).size() == total
                  && last.number("tally_webhook_pending") == 0
                  && attempts(receivers, "asleep", 2) == ASLEEP);

      // then: each event under one id, those of a job in order
      assertThat(tellings(receivers)).hasSize(total);
      assertInOrder(receivers, "busy", BUSY, STATES);
      var repeated = receivers.count() - total - ASLEEP;
      var bound = IN_FLIGHT + acknowledgedLately(receivers, killedAt);
      say(
          "kill -9 with 200 in flight and 200 asleep",
          "%d events, all told; %d requests repeated, bound %d (in flight %d, acknowledged within"
                  .formatted(total, repeated, bound, IN_FLIGHT)
              + " %s before: %d)".formatted(UNCOMMITTED, bound - IN_FLIGHT));
      assertThat(repeated).isLessThanOrEqualTo(bound);
    }
  }

  @Test
  void shouldKeepTheOrderWhenKilledWhileEventsArePutAside() throws Exception {
    var hangs = new AtomicBoolean(true);
    try (var receivers = new ManyReceivers(request -> answer(request, hangs));
        var dispatchers = new DispatcherProcesses(folder)) {
      // given: one receiver takes nothing, and is sent more than its share of the backlog
      var rules = "{deadline: 1h}";
      var first = dispatchers.start("one", rules, Map.of());
      for (var state = 1; state <= STATES; state++) {
        for (var i = 0; i < BUSY; i++) {
          dispatchers.write("hanging-" + i, state, receivers.url(0, "hanging/" + i));
        }
      }
      Await.until(
          LIMIT,
          () -> first.number("tally_webhook_spilled_total") + " put aside",
          () -> first.number("tally_webhook_spilled_total") >= BUSY / 2);

      // when
      first.process().kill();
      hangs.set(false);
      dispatchers.start("one", rules, Map.of());

      // then
      Await.until(
          LIMIT,
          () -> ids(receivers).size() + " told",
          () -> ids(receivers).size() == BUSY * STATES);
      assertInOrder(receivers, "hanging", BUSY, STATES);
    }
  }

  @Test
  void shouldWriteEveryDeadLetterWhenKilledAmidThem() throws Exception {
    try (var receivers = new ManyReceivers(_ -> Answer.FAILS);
        var dispatchers = new DispatcherProcesses(folder)) {
      // given
      var rules = "{attempts: 1}";
      var first = dispatchers.start("one", rules, Map.of());

      // when: a third of its letters are written
      for (var i = 0; i < BUSY; i++) {
        dispatchers.write("refused-" + i, 1, receivers.url(i % 10, "refused/" + i));
        LockSupport.parkNanos(Duration.ofMillis(2).toNanos());
        if (i == BUSY / 3) {
          Await.until(LIMIT, () -> "no request", () -> receivers.count() > BUSY / 6);
          first.process().kill();
          dispatchers.starting("one", rules, Map.of());
        }
      }

      // then
      var letters = new WebhookDeadLetters(dispatchers.kafka(), "test");
      Await.until(
          LIMIT, () -> letters(letters).size() + " letters", () -> letters(letters).size() == BUSY);
      assertThat(receivers.count()).as("requests").isBetween(BUSY, BUSY + BUSY / 3 + 1);
    }
  }

  @Test
  void shouldSendNothingWhenItWakesAndAnotherHasItsWork() throws Exception {
    var hangs = new AtomicBoolean(true);
    try (var receivers = new ManyReceivers(request -> answer(request, hangs));
        var dispatchers = new DispatcherProcesses(folder)) {
      // given: the one that freezes does not sign, and has attempts due while it is frozen
      var frozen = dispatchers.start("frozen", "{delay: 5s, deadline: 1h, attempts: 10}", Map.of());
      for (var i = 0; i < 100; i++) {
        dispatchers.write("asleep-" + i, 1, receivers.url(10 + i % 4, "asleep/" + i));
        dispatchers.write("hanging-" + i, 1, receivers.url(i % 4, "hanging/" + i));
        dispatchers.write("hanging-" + i, 2, receivers.url(i % 4, "hanging/" + i));
      }
      Await.until(
          LIMIT,
          () -> frozen.number("tally_webhook_sleeping") + " asleep",
          () ->
              frozen.number("tally_webhook_sleeping") == 100
                  && frozen.number("tally_webhook_in_flight") == 100);

      // when
      frozen.process().signal("STOP");
      hangs.set(false);
      var heir =
          dispatchers.start(
              "heir",
              "{delay: 1s, secret: whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=}",
              Map.of());
      Await.until(
          LIMIT,
          () -> receivers.count() + " requests",
          () -> ids(receivers).size() == 300 && heir.number("tally_webhook_pending") == 0);
      var wokeAt = System.nanoTime();
      frozen.process().signal("CONT");
      frozen.process().awaitLine(line -> line.contains("lost [job-events"));
      dispatchers.awaitReady(frozen);

      // then: it is in its group again, and has sent nothing of its own
      assertThat(receivers.requests())
          .filteredOn(it -> it.arrivedAt() > wokeAt)
          .allMatch(Request::isSigned);
      assertThat(receivers.requests())
          .filteredOn(Request::isSigned)
          .hasSizeGreaterThanOrEqualTo(300);
    }
  }

  @Test
  void shouldLoseNothingAndKeepTheOrderWhileInstancesComeAndGo() throws Exception {
    try (var receivers = new ManyReceivers(_ -> Answer.OK);
        var dispatchers = new DispatcherProcesses(folder)) {
      // given
      var rules = "{}";
      var running = new HashMap<String, One>();
      running.put("a", dispatchers.start("a", rules, Map.of()));
      var written = new AtomicInteger();
      var isOver = new AtomicBoolean();
      var load = Thread.ofVirtual().start(() -> write(dispatchers, receivers, written, isOver));

      // when: one comes, one is stopped or killed, and comes again
      running.put("b", dispatchers.start("b", rules, Map.of()));
      for (var change = 0; change < 4; change++) {
        var name = change % 2 == 0 ? "a" : "b";
        var one = running.get(name);
        if (change % 3 == 0) {
          one.process().kill();
        } else {
          one.process().close();
        }
        awaitProgress(receivers);
        running.put(name, dispatchers.start(name, rules, Map.of()));
      }
      isOver.set(true);
      load.join();

      // then
      var jobs = written.get();
      Await.until(
          LIMIT,
          () -> ids(receivers).size() + " of " + jobs * STATES + " told",
          () -> ids(receivers).size() == jobs * STATES);
      assertInOrder(receivers, "load", jobs, STATES);
      var repeated = receivers.count() - jobs * STATES;
      say(
          "instances come and go four times, two of them killed",
          "%d events, all told in order; %d requests repeated".formatted(jobs * STATES, repeated));
    }
  }

  /** The next requests come: whoever is left has the partitions of the one that went. */
  private static void awaitProgress(ManyReceivers receivers) {
    var goal = receivers.count() + 300;
    Await.until(LIMIT, () -> "no progress", () -> receivers.count() >= goal);
  }

  private static void write(
      DispatcherProcesses dispatchers,
      ManyReceivers receivers,
      AtomicInteger written,
      AtomicBoolean isOver) {
    while (!isOver.get()) {
      var i = written.getAndIncrement();
      for (var state = 1; state <= STATES; state++) {
        dispatchers.write("load-" + i, state, receivers.url(i % 10, "load/" + i));
      }
      LockSupport.parkNanos(Duration.ofMillis(10).toNanos());
    }
    dispatchers.flush();
  }

  /** Those that hang do so until they are released; those asleep failed once. */
  private static Answer answer(Request request, AtomicBoolean hangs) {
    if (request.path().startsWith("hanging") && hangs.get()) {
      return Answer.NEVER;
    }
    return request.path().startsWith("asleep") && request.attempt() == 1 ? Answer.FAILS : Answer.OK;
  }

  private static Set<String> ids(ManyReceivers receivers) {
    return receivers.requests().stream().map(Request::webhookId).collect(Collectors.toSet());
  }

  /** What was told: a job's event and the id it was told under. */
  private static Set<List<Object>> tellings(ManyReceivers receivers) {
    return receivers.requests().stream()
        .map(it -> List.<Object>of(it.path(), it.sequence(), it.webhookId()))
        .collect(Collectors.toSet());
  }

  private static long attempts(ManyReceivers receivers, String path, int attempt) {
    return receivers.requests().stream()
        .filter(it -> it.path().startsWith(path) && it.attempt() == attempt)
        .count();
  }

  private static int acknowledgedLately(ManyReceivers receivers, long killedAt) {
    return (int)
        receivers.requests().stream()
            .filter(it -> it.path().startsWith("busy"))
            .filter(it -> it.arrivedAt() < killedAt)
            .filter(it -> it.arrivedAt() > killedAt - UNCOMMITTED.toNanos())
            .count();
  }

  private static void assertInOrder(ManyReceivers receivers, String path, int jobs, int states) {
    var sequences = new HashMap<String, LinkedHashSet<Long>>();
    for (var request : receivers.requests()) {
      sequences
          .computeIfAbsent(request.path(), _ -> new LinkedHashSet<>())
          .add((long) request.sequence());
    }
    var expected = LongStream.rangeClosed(1, states).boxed().toList();
    for (var i = 0; i < jobs; i++) {
      assertThat(sequences.get(path + "/" + i)).as("job " + i).containsExactlyElementsOf(expected);
    }
  }

  private static Set<String> letters(WebhookDeadLetters letters) {
    try {
      return letters.find(Instant.EPOCH, _ -> true, Integer.MAX_VALUE, List.of()).stream()
          .map(WebhookAttempt::webhookId)
          .collect(Collectors.toSet());
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }

  private static void say(String what, String figures) {
    System.out.printf("%s: %s%n", what, figures);
  }
}
