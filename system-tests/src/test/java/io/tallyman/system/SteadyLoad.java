package io.tallyman.system;

import java.io.UncheckedIOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.locks.LockSupport;

/**
 * Submits a short job again and again, one after the other, and notes each answer: so that there is
 * always something under way when a service is replaced.
 */
final class SteadyLoad implements AutoCloseable {

  private static final long PAUSE = Duration.ofMillis(150).toNanos();

  private final String url;
  private final String body;
  private final List<String> accepted = Collections.synchronizedList(new ArrayList<>());
  private final List<String> surprises = Collections.synchronizedList(new ArrayList<>());
  private final Thread thread;
  private volatile boolean isApiExpected = true;
  private volatile boolean isStopping;

  /**
   * Starts at once.
   *
   * @param url of {@code run}
   */
  SteadyLoad(String url, String body) {
    this.url = url;
    this.body = body;
    this.thread = Thread.ofVirtual().start(this::run);
  }

  /** From now on the api may refuse, or not be there; or no longer. */
  void expectApi(boolean isExpected) {
    isApiExpected = isExpected;
  }

  /** Waits until so many more jobs are accepted. */
  void awaitMore(int jobs, Duration limit) {
    var goal = accepted.size() + jobs;
    Await.until(limit, () -> "accepted too few; " + surprises(), () -> accepted.size() >= goal);
  }

  /** Jobs that were answered with 200. */
  List<String> accepted() {
    synchronized (accepted) {
      return List.copyOf(accepted);
    }
  }

  /** Answers that nobody should get. */
  List<String> surprises() {
    synchronized (surprises) {
      return List.copyOf(surprises);
    }
  }

  @Override
  public void close() {
    isStopping = true;
    try {
      thread.join();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private void run() {
    while (!isStopping) {
      var wasExpected = isApiExpected;
      try {
        var answer = Http.post(url, body);
        if (answer.statusCode() == 200) {
          accepted.add(Http.view(answer).id().value());
        } else if (answer.statusCode() != 503 || (wasExpected && isApiExpected)) {
          surprises.add(answer.statusCode() + " " + answer.body());
        }
      } catch (UncheckedIOException e) {
        // The api may have begun to stop while the request was under way.
        if (wasExpected && isApiExpected) {
          surprises.add(e.toString());
        }
      }
      LockSupport.parkNanos(PAUSE);
    }
  }
}
