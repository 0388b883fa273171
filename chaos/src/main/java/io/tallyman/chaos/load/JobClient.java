package io.tallyman.chaos.load;

import io.tallyman.chaos.history.ClientCall;
import io.tallyman.chaos.history.ClientCall.Outcome;
import io.tallyman.chaos.http.Answers;
import io.tallyman.chaos.http.ApiCalls;
import io.tallyman.chaos.load.Load.Jobs;
import io.tallyman.chaos.load.Load.Phase;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Queue;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** One client: submits, follows what it submitted, and in the end only reads. */
final class JobClient implements Callable<Void> {

  /** What the check of the end looks at. */
  private static final int TAIL_READS = 5;

  /** Reads are of what is young. */
  private static final int RECENT = 50;

  private static final long NANOS_PER_SECOND = 1_000_000_000L;

  private final LoadPlan plan;
  private final SplittableRandom random;
  private final JobPrograms programs;
  private final ApiCalls.Client self;
  private final ApiCalls.Client twin;
  private final Phase phase;
  private final Jobs all;

  private final List<String> mine = new ArrayList<>();
  private final Set<String> open = new LinkedHashSet<>();
  private final Queue<String> toCancel = new ArrayDeque<>();

  JobClient(
      LoadPlan plan,
      SplittableRandom random,
      ApiCalls.Client self,
      ApiCalls.Client twin,
      Phase phase,
      Jobs all) {
    this.plan = plan;
    // Of its own: which programs there are must not depend on how fast answers come.
    this.programs = new JobPrograms(random.split());
    this.random = random;
    this.self = self;
    this.twin = twin;
    this.phase = phase;
    this.all = all;
  }

  @Override
  public Void call() throws InterruptedException {
    var interval = NANOS_PER_SECOND * plan.clients() / plan.jobsPerSecond();
    while (phase.healed.getCount() > 0) {
      // From half to one and a half of the interval: no marching in step.
      var next = System.nanoTime() + (long) (interval * (0.5 + random.nextDouble()));
      submit(programs.next());
      while (System.nanoTime() < next && !pause(phase.healed, random.nextInt(20, 150))) {
        follow();
      }
    }
    for (int reads = 0; reads < TAIL_READS || phase.closing.getCount() > 0; reads++) {
      readOne(self);
      readOne(twin);
      pause(phase.closing, open.isEmpty() ? 250 : 50);
    }
    return null;
  }

  private void submit(JobProgram program) throws InterruptedException {
    var body = program.body(plan.receiver());
    var first =
        switch (program.submission()) {
          case PLAIN -> self.run(body, null);
          case KEYED, REPEATED -> runUntilKnown(self, body, program.key());
          case DOUBLE -> runTwice(body, program.key());
        };
    accept(first, program);
    if (program.submission() == JobProgram.Submission.REPEATED && first.outcome() == Outcome.OK) {
      accept(self.run(body, program.key()), program);
    }
  }

  /** Repeats as a user would who has a key: until the job is accepted, or refused for good. */
  private ClientCall runUntilKnown(ApiCalls.Client client, String body, String key)
      throws InterruptedException {
    var call = client.run(body, key);
    // The twin runs beside: no shared source of randomness here.
    for (int pause = 100;
        (call.status() == 0 || call.outcome() == Outcome.INFO) && !pause(phase.closing, pause);
        pause = Math.min(1_000, 2 * pause)) {
      call = client.run(body, key);
    }
    return call;
  }

  private ClientCall runTwice(String body, String key) throws InterruptedException {
    var other = new FutureTask<>(() -> runUntilKnown(twin, body, key));
    Thread.ofVirtual().start(other);
    var call = runUntilKnown(self, body, key);
    try {
      var others = other.get();
      return call.outcome() == Outcome.OK ? call : others;
    } catch (ExecutionException e) {
      throw new IllegalStateException("Expected the twin to submit", e.getCause());
    }
  }

  private void accept(ClientCall call, JobProgram program) {
    var job = call.job();
    if (call.outcome() != Outcome.OK || job == null || !all.accepted.add(job)) {
      return;
    }
    mine.add(job);
    open.add(job);
    all.open.add(job);
    if (program.isCancelled()) {
      toCancel.add(job);
    }
  }

  private void follow() throws InterruptedException {
    var kind = random.nextInt(100);
    var job = recent();
    if (kind < 8 || job == null) {
      self.health();
    } else if (kind < 20 && !toCancel.isEmpty()) {
      self.cancel(toCancel.remove());
    } else if (kind < 28) {
      self.history(job);
    } else {
      readOne(self);
    }
  }

  private void readOne(ApiCalls.Client client) throws InterruptedException {
    var job = open.isEmpty() ? recent() : open.iterator().next();
    if (job == null) {
      client.health();
      return;
    }
    // To the back of the row, unless it ended.
    open.remove(job);
    var call = client.status(job);
    if (call.outcome() == Outcome.OK && Answers.isEnd(call.response())) {
      all.open.remove(job);
    } else if (all.open.contains(job)) {
      open.add(job);
    }
  }

  private @Nullable String recent() {
    return mine.isEmpty()
        ? null
        : mine.get(mine.size() - 1 - random.nextInt(Math.min(RECENT, mine.size())));
  }

  /** Waits so long; whether it was cut short because the phase came. */
  private static boolean pause(CountDownLatch phase, int millis) throws InterruptedException {
    return phase.await(millis, TimeUnit.MILLISECONDS);
  }
}
