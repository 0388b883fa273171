package io.tallyman.chaos;

import io.tallyman.chaos.cluster.Await;
import io.tallyman.chaos.cluster.Clock;
import io.tallyman.chaos.cluster.Cluster;
import io.tallyman.chaos.cluster.Disk;
import io.tallyman.chaos.cluster.Names;
import io.tallyman.chaos.cluster.Node;
import io.tallyman.chaos.cluster.Setup;
import io.tallyman.chaos.cluster.Site;
import io.tallyman.chaos.history.HistoryWriter;
import io.tallyman.chaos.history.Run;
import io.tallyman.chaos.history.Ticker;
import io.tallyman.chaos.http.Receiver;
import io.tallyman.chaos.kafka.EventTail;
import io.tallyman.chaos.load.JobPrograms;
import io.tallyman.chaos.load.Load;
import io.tallyman.chaos.load.LoadPlan;
import io.tallyman.chaos.nemesis.ExitCodes;
import io.tallyman.chaos.nemesis.FaultKind;
import io.tallyman.chaos.nemesis.Jobs;
import io.tallyman.chaos.nemesis.Nemesis;
import io.tallyman.chaos.nemesis.Profile;
import io.tallyman.chaos.nemesis.Schedule;
import io.tallyman.chaos.nemesis.Step;
import io.tallyman.chaos.record.Canaries;
import io.tallyman.chaos.record.Recorders;
import io.tallyman.chaos.record.Watched;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Base64;
import java.util.EnumSet;
import java.util.List;
import java.util.Locale;
import java.util.OptionalLong;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Consumer;
import java.util.stream.Collectors;

/**
 * One run: everything is started, works, is broken for a while as the schedule says, healed, and
 * has to come to rest. What is left is a folder with the history.
 */
public final class Chaos {

  private static final Duration LEASE = Duration.ofSeconds(10);
  private static final int MAX_ATTEMPTS = 4;
  private static final int WEBHOOK_ATTEMPTS = 6;
  private static final Duration WEBHOOK_DELAY = Duration.ofMillis(500);
  private static final Duration CLIENT_PATIENCE = Duration.ofSeconds(5);

  /** Before the first fault is planned, so that there is something to break. */
  private static final Duration WARM_UP = Duration.ofSeconds(3);

  /**
   * For all jobs to end after the last fault: the promise is 60 s, the checker holds it to that.
   */
  private static final Duration REST_LIMIT = Duration.ofSeconds(90);

  /** Without an event or a webhook for so long, all is told. */
  private static final Duration QUIET = Duration.ofSeconds(4);

  private static final String WEBHOOK_GROUP = "tally-webhooks";

  private final RunPlan plan;
  private final Consumer<String> out;
  private final Ticker ticker;
  private final String apiKey;
  private final String webhookSecret;
  private final List<String> broken = new ArrayList<>();
  private final List<String> notes = new ArrayList<>();

  /**
   * @param clock of this machine, asked once
   * @param out told what happens, line by line
   */
  public Chaos(RunPlan plan, InstantSource clock, Consumer<String> out) {
    this.plan = plan;
    this.out = out;
    this.ticker = new Ticker(clock.instant());
    this.apiKey = "chaos-key-%016x".formatted(plan.seed() * 0x9E3779B97F4A7C15L);
    this.webhookSecret =
        "whsec_"
            + Base64.getEncoder()
                .encodeToString(
                    "chaos-webhook-%016x".formatted(plan.seed()).getBytes(StandardCharsets.UTF_8));
  }

  /**
   * Does it, which takes the profile's time and two minutes or so. Its folder can be judged then.
   *
   * @throws TimeoutException when something does not get ready, before or after the faults
   */
  public void run() throws InterruptedException, TimeoutException {
    try (var history = new HistoryWriter(plan.folder());
        var receiver = new Receiver(ticker, history::write);
        var cluster = new Cluster(setup(receiver))) {
      out.accept("starting 3 brokers, Redis and 8 services in " + plan.folder());
      try {
        cluster.start();
        run(history, cluster);
      } finally {
        // Also when told to stop: what was left of an orderly end is told in the history already.
        cluster.nodes().forEach(Node::retire);
        new Jobs(cluster, plan.docker()).removeAll();
      }
    }
    new Outcome(broken, notes).write(plan.folder());
  }

  private void run(HistoryWriter history, Cluster cluster)
      throws InterruptedException, TimeoutException {
    var site =
        new Site(
            cluster.apis(),
            cluster.kafka(),
            "redis://127.0.0.1:" + cluster.redisPort(),
            plan.folder(),
            apiKey,
            webhookSecret,
            history,
            ticker);
    var schedule = Schedule.of(plan.seed(), plan.profile(), impossible());
    try (var recorders = new Recorders(site, watched(cluster))) {
      recorders.start();
      var phases = work(site, cluster, schedule);
      var endedAt = ticker.nowMicros();
      var records = recorders.finish();
      out.accept("%d records in the log; stopping all".formatted(records));
      checkExits(cluster);
      HistoryWriter.writeRun(
          plan.folder(),
          new Run(
              plan.seed(),
              plan.profile().name().toLowerCase(Locale.ROOT),
              phases.startedAt(),
              phases.healedAt(),
              phases.loadEndedAt(),
              endedAt,
              LEASE.toMillis(),
              MAX_ATTEMPTS,
              WEBHOOK_ATTEMPTS,
              WEBHOOK_DELAY.toMillis(),
              webhookSecret,
              canaries(),
              recorders.left(),
              Canaries.leaks(canaries(), cluster.nodes().stream().map(Node::log).toList())));
    }
  }

  /** When what was over. */
  private record Phases(long startedAt, long healedAt, long loadEndedAt) {}

  private Phases work(Site site, Cluster cluster, List<Step> schedule)
      throws InterruptedException, TimeoutException {
    var startedAt = ticker.nowMicros();
    try (var tail = new EventTail(site.kafka(), ticker, site.history()::write)) {
      var healedAt = underLoad(site, cluster, schedule);
      var loadEndedAt = ticker.nowMicros();
      if (!awaitQuiet(cluster, tail)) {
        notes.add("webhooks were still going out %s after the jobs".formatted(REST_LIMIT));
      }
      return new Phases(startedAt, healedAt, loadEndedAt);
    }
  }

  /** From the first call to the last; when all was healed. */
  private long underLoad(Site site, Cluster cluster, List<Step> schedule)
      throws InterruptedException, TimeoutException {
    try (var load = new Load(site, plan.seed(), loadPlan(cluster))) {
      load.start();
      Await.pause(WARM_UP);
      out.accept("ready; %d faults in %s".formatted(schedule.size(), plan.profile().faults()));
      var nemesis = new Nemesis(cluster, plan.docker(), ticker, site.history());
      nemesis.run(schedule);
      broken.addAll(nemesis.broken());
      notes.addAll(nemesis.notes());
      cluster.heal();
      cluster.awaitReady();
      var healedAt = ticker.nowMicros();
      out.accept("healed; " + load);
      load.heal();
      var isDone = Await.until(REST_LIMIT, () -> load.open() == 0);
      out.accept((isDone ? "all jobs have ended; " : "JOBS ARE LEFT OPEN; ") + load);
      return healedAt;
    }
  }

  /** What this machine cannot do; told in the notes, because a run without it proves less. */
  private Set<FaultKind> impossible() {
    var impossible = EnumSet.noneOf(FaultKind.class);
    if (Clock.library().isEmpty()) {
      impossible.add(FaultKind.CLOCK_JUMP);
      notes.add("no clock jumps: libfaketime is not installed");
    }
    if (!hasDisk()) {
      impossible.add(FaultKind.DISK_FULL);
      notes.add("no full disk: only root can mount one, and a soak would outgrow it");
    }
    return impossible;
  }

  private boolean hasDisk() {
    return Disk.isPossible() && plan.profile() != Profile.SOAK;
  }

  private Setup setup(Receiver receiver) {
    return new Setup(
        plan.folder(),
        plan.product(),
        ProcessHandle.current().pid(),
        plan.docker(),
        LEASE,
        MAX_ATTEMPTS,
        JobPrograms.endpointsYaml(webhookSecret, WEBHOOK_ATTEMPTS, WEBHOOK_DELAY),
        apiKey,
        receiver.url(),
        Clock.library(),
        hasDisk());
  }

  private LoadPlan loadPlan(Cluster cluster) {
    return new LoadPlan(
        cluster.receiver(),
        plan.profile().clients(),
        plan.profile().jobsPerSecond(),
        CLIENT_PATIENCE);
  }

  private Watched watched(Cluster cluster) {
    var services =
        Names.SERVICES.stream()
            .collect(Collectors.toMap(name -> cluster.node(name).name(), cluster::base));
    var nodes = cluster.nodes().stream().collect(Collectors.toMap(Node::name, node -> node));
    return new Watched(
        services,
        name -> {
          var node = nodes.get(name);
          return node == null
              ? OptionalLong.empty()
              : node.handle().stream().mapToLong(ProcessHandle::pid).findAny();
        },
        Names.RUNNERS.stream().map(name -> cluster.node(name).name()).collect(Collectors.toSet()),
        plan.docker(),
        cluster.data().toAbsolutePath());
  }

  /** Until the dispatchers have read all, and nothing has been told for a while. */
  private boolean awaitQuiet(Cluster cluster, EventTail tail) throws InterruptedException {
    return Await.until(
        REST_LIMIT,
        () ->
            cluster.admin().lag(WEBHOOK_GROUP, "job-events") == 0
                && ticker.nowMicros() - tail.lastAt()
                    > TimeUnit.MILLISECONDS.toMicros(QUIET.toMillis()));
  }

  private void checkExits(Cluster cluster) throws InterruptedException {
    cluster
        .stopServices()
        .forEach(
            (name, code) -> {
              if (!ExitCodes.isOrderly(code)) {
                broken.add(ExitCodes.complaint(name, code, Cluster.STOP_LIMIT));
              }
            });
  }

  private List<String> canaries() {
    return List.of(apiKey, webhookSecret);
  }
}
