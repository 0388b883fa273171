package io.tallyman.runner.kafka;

import io.tallyman.runner.attempt.Attempts;
import io.tallyman.runtime.CommonSettings;
import io.tallyman.runtime.Service.Health;
import io.tallyman.runtime.kafka.TopicSetup;
import io.tallyman.schemas.Topics;
import io.tallyman.schemas.Topics.Topic;
import io.tallyman.schemas.job.RunnerHeartbeat;
import io.tallyman.schemas.job.RunnerHeartbeat.Serving;
import io.tallyman.schemas.job.RunnerId;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Connects the attempts of a runner with its topics, in this order: topics exist, orders are
 * listened for, what an earlier process left is asked about, the share group is configured, and
 * only then dispatches are taken. All in the background, for as long as it takes.
 */
public final class RunnerTopics implements AutoCloseable {

  /** A runner that is silent for some of these is taken for dead. */
  public static final Duration HEARTBEAT_INTERVAL = Duration.ofSeconds(2);

  /** How often leases are looked at. Apart from heartbeats: a send may block without Kafka. */
  private static final Duration FENCE_INTERVAL = Duration.ofMillis(250);

  /** Three heartbeats without an acknowledgement: Kafka does not answer. */
  private static final Duration SILENCE = HEARTBEAT_INTERVAL.multipliedBy(3);

  /** For the intake threads to leave; the runner must stop within 4 s in all. */
  private static final Duration CLOSE_PATIENCE = Duration.ofMillis(700);

  private static final Logger LOG = LoggerFactory.getLogger(RunnerTopics.class);

  private final CommonSettings common;
  private final Identity identity;
  private final int batch;
  private final Attempts attempts;
  private final ReportWriter writer;
  private final InstantSource clock;
  private final Pause pause = new Pause();

  /** Of the intakes alone: they end first. */
  private final Pause taking = new Pause();

  private final ScheduledExecutorService ticker;
  private final ScheduledExecutorService fencer;
  private final List<Thread> threads = new ArrayList<>();
  private final List<Thread> intakes = new ArrayList<>();
  private final DeadLetters deadLetters;
  private volatile boolean isConnected;
  private volatile boolean isJoined;
  private volatile String waitsFor = "waits for Kafka";

  /**
   * Who the runner is.
   *
   * @param runtime as heartbeats name it
   */
  public record Identity(RunnerId runner, String runtime) {}

  /**
   * Connects in the background.
   *
   * @param batch how many dispatches are taken at once, and how many slots must be free for that
   */
  public RunnerTopics(
      CommonSettings common,
      Identity identity,
      int batch,
      Attempts attempts,
      ReportWriter writer,
      InstantSource clock) {
    this.common = common;
    this.identity = identity;
    this.batch = batch;
    this.attempts = attempts;
    this.writer = writer;
    this.clock = clock;
    this.deadLetters = new DeadLetters(common.kafka());
    this.ticker =
        Executors.newSingleThreadScheduledExecutor(
            Thread.ofPlatform().name("runner-heartbeat").daemon().factory());
    this.fencer =
        Executors.newSingleThreadScheduledExecutor(
            Thread.ofPlatform().name("runner-fence").daemon().factory());
  }

  /** Begins. */
  public void start() {
    thread(threads, pause, "runner-connect", this::connect);
    var _ =
        ticker.scheduleAtFixedRate(
            this::tick, 0, HEARTBEAT_INTERVAL.toMillis(), TimeUnit.MILLISECONDS);
    var _ =
        fencer.scheduleAtFixedRate(
            attempts::fence,
            FENCE_INTERVAL.toMillis(),
            FENCE_INTERVAL.toMillis(),
            TimeUnit.MILLISECONDS);
  }

  /** How Kafka is, for this runner. */
  public Health health() {
    if (!isConnected) {
      return Health.notReady("kafka", waitsFor);
    }
    var silence = writer.sinceHeartbeat();
    if (silence.compareTo(SILENCE) > 0) {
      return Health.notReady(
          "kafka",
          "no heartbeat was acknowledged by %s lately; still trying".formatted(common.kafka()));
    }
    return isJoined
        ? Health.ready("kafka", "heartbeat acknowledged %d ms ago".formatted(silence.toMillis()))
        : Health.notReady("kafka", "joining the share group " + ShareGroup.NAME);
  }

  private void connect() {
    while (!pause.isEnded()) {
      try {
        if (!isConnected) {
          TopicSetup.ensure(
              common.kafka(),
              Topics.all(common.endpoints().names()),
              common.minReplication(),
              obstacle -> waitsFor = obstacle);
          listen();
          isConnected = true;
          ticker.execute(this::tick);
        }
        if (taking.isEnded()) {
          return;
        }
        var group = new ShareGroup(common.kafka());
        group.configure(taking);
        take(group);
        return;
      } catch (InterruptedException _) {
        // Told to stop; the loop's condition ends it.
        LOG.debug("told to stop while connecting");
      } catch (Exception e) {
        LOG.error("cannot join Kafka ({}); trying again", e.toString());
        pause.await();
      }
    }
  }

  private void listen() throws InterruptedException {
    var control =
        new ControlIntake(common.kafka(), identity.runner(), attempts, deadLetters, pause);
    thread(threads, pause, "runner-control", control);
    control.awaitPositioned();
  }

  private void take(ShareGroup group) {
    var lanes = Lane.pair();
    var tools = new DispatchIntake.Tools(deadLetters, taking);
    intake(group, lanes.normal(), dispatchTopics(false), tools);
    intake(group, lanes.low(), dispatchTopics(true), tools);
    isJoined = true;
    LOG.info(
        "runner {} takes attempts of {} into {} slots",
        identity.runner(),
        common.endpoints().names(),
        attempts.slots());
  }

  private void intake(
      ShareGroup group, Lane lane, List<String> topics, DispatchIntake.Tools tools) {
    var clientId = "%s-%s".formatted(identity.runner(), lane.name());
    thread(
        intakes,
        taking,
        "runner-" + lane.name(),
        new DispatchIntake(
            () -> group.member(clientId, topics, batch), lane, batch, attempts, writer, tools));
  }

  private List<String> dispatchTopics(boolean lowPriority) {
    return common.endpoints().names().stream()
        .map(name -> Topics.dispatch(name, lowPriority))
        .map(Topic::name)
        .toList();
  }

  private void tick() {
    try {
      if (!isConnected) {
        // A producer would make the broker create the topics, with settings of its own; and what is
        // asked before anybody listens is answered in vain.
        attempts.look();
        return;
      }
      attempts.tick();
      writer.heartbeat(
          new RunnerHeartbeat(
              identity.runner(),
              clock.instant(),
              identity.runtime(),
              attempts.slots(),
              attempts.running().entrySet().stream()
                  .map(entry -> new Serving(entry.getKey(), entry.getValue()))
                  .toList()));
    } catch (Exception e) {
      // An exception would end the schedule for good.
      LOG.error("heartbeat failed; the next is in {} s", HEARTBEAT_INTERVAL.toSeconds(), e);
    }
  }

  private void thread(List<Thread> kind, Pause until, String name, Runnable work) {
    synchronized (threads) {
      if (!until.isEnded()) {
        kind.add(Thread.ofPlatform().name(name).daemon().start(work));
      }
    }
  }

  /** Takes no further dispatch. Orders are obeyed, and leases renewed, as before. */
  public void stopTaking() {
    taking.end();
    end(intakes);
  }

  /** Takes no further dispatch, obeys no further order. */
  @Override
  public void close() {
    taking.end();
    pause.end();
    ticker.shutdownNow();
    fencer.shutdownNow();
    end(intakes);
    end(threads);
  }

  private void end(List<Thread> kind) {
    List<Thread> running;
    synchronized (threads) {
      running = List.copyOf(kind);
      kind.clear();
    }
    running.forEach(Thread::interrupt);
    var deadline = System.nanoTime() + CLOSE_PATIENCE.toNanos();
    try {
      for (var thread : running) {
        if (!thread.join(Duration.ofNanos(Math.max(1, deadline - System.nanoTime())))) {
          LOG.warn("{} did not stop in time; going on without it", thread.getName());
        }
      }
    } catch (InterruptedException _) {
      Thread.currentThread().interrupt();
    }
  }
}
