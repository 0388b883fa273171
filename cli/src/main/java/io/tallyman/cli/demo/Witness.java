package io.tallyman.cli.demo;

import io.tallyman.cli.http.WebhookReceiver.Received;
import io.tallyman.schemas.job.JobEvent;
import io.tallyman.schemas.job.JobId;
import io.tallyman.schemas.job.JobStatus;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Predicate;

/** Remembers what the topic and the receiver saw; others wait on it. One lock guards both lists. */
final class Witness {

  /** No event and no webhook for so long means that something is stuck. */
  static final Duration PATIENCE = Duration.ofSeconds(60);

  private final Transcript transcript;
  private final List<JobEvent> events = new ArrayList<>();
  private final List<Received> webhooks = new ArrayList<>();
  private final ReentrantLock lock = new ReentrantLock();
  private final Condition changed = lock.newCondition();

  Witness(Transcript transcript) {
    this.transcript = transcript;
  }

  void saw(JobEvent event) {
    lock.lock();
    try {
      transcript.event(statusBefore(event), event);
      events.add(event);
      changed.signalAll();
    } finally {
      lock.unlock();
    }
  }

  void received(Received webhook) {
    lock.lock();
    try {
      transcript.webhook(webhook);
      webhooks.add(webhook);
      changed.signalAll();
    } finally {
      lock.unlock();
    }
  }

  /** The job's events so far, in the order of the topic. */
  List<JobEvent> eventsOf(JobId job) {
    lock.lock();
    try {
      return events.stream().filter(event -> event.meta().jobId().equals(job)).toList();
    } finally {
      lock.unlock();
    }
  }

  /** The job's webhooks so far, in the order of arrival. */
  List<Received> webhooksOf(JobId job) {
    lock.lock();
    try {
      return webhooks.stream().filter(webhook -> webhook.view().id().equals(job)).toList();
    } finally {
      lock.unlock();
    }
  }

  /** Waits until the topic showed this status of the job. */
  void awaitEvent(JobId job, JobStatus status) throws TimeoutException, InterruptedException {
    await(
        "an event %s of job %s".formatted(status, job),
        _ -> eventsOf(job).stream().anyMatch(event -> event.status() == status));
  }

  /** Waits until the job has ended and as many webhooks as events came. */
  void awaitEnd(JobId job) throws TimeoutException, InterruptedException {
    await(
        "the end of job %s and a webhook for each of its events".formatted(job),
        _ -> {
          var seen = eventsOf(job);
          return !seen.isEmpty()
              && seen.getLast().status().isTerminal()
              && webhooksOf(job).size() >= seen.size();
        });
  }

  /** Waits until more webhooks of the job came than it has events. */
  void awaitRedelivery(JobId job) throws TimeoutException, InterruptedException {
    await("one more webhook of job " + job, _ -> webhooksOf(job).size() > eventsOf(job).size());
  }

  private void await(String what, Predicate<Witness> condition)
      throws TimeoutException, InterruptedException {
    lock.lock();
    try {
      while (!condition.test(this)) {
        if (!changed.await(PATIENCE.toNanos(), java.util.concurrent.TimeUnit.NANOSECONDS)) {
          throw new TimeoutException(
              "Expected %s, but nothing happened for %s".formatted(what, PATIENCE));
        }
      }
    } finally {
      lock.unlock();
    }
  }

  private String statusBefore(JobEvent event) {
    var before = eventsOf(event.meta().jobId());
    return before.isEmpty() ? "(new)" : before.getLast().status().name();
  }
}
