package io.tallyman.runtime.net;

import java.net.InetAddress;
import java.net.UnknownHostException;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Names to addresses, for connections to where somebody else said: what comes out may be asked.
 * Clients must take addresses from here alone, literal ones too, and connect to no other.
 *
 * <p>A lookup blocks in native code and cannot be interrupted, so lookups have threads of their
 * own, bounded, and nobody waits longer than the limit: a name server that hangs delays those who
 * ask it and at worst other lookups, never the rest. Answers are kept for seconds. Thread-safe; its
 * own lock guards the answers.
 */
public final class VettedResolver implements AutoCloseable {

  /** Longest wait for one name. */
  private static final Duration LIMIT = Duration.ofSeconds(3);

  /** How long an answer, or its absence, is kept; below it, a repeated attempt looks anew. */
  private static final Duration TTL = Duration.ofSeconds(5);

  /** Lookups at once. Each takes a platform thread while it runs. */
  private static final int MAX_LOOKUPS = 32;

  /** Answers kept, the most recently used: about 1 MB. */
  private static final int MAX_ANSWERS = 4_096;

  /** Addresses of one name that are tried; more are a trick to keep us busy. */
  private static final int MAX_ADDRESSES = 20;

  private final AddressPolicy policy;
  private final Lookup lookup;
  private final Duration limit;
  private final Duration ttl;
  private final ThreadPoolExecutor threads;

  private final Map<String, Answer> answers =
      new LinkedHashMap<>(16, 0.75f, true) {
        private static final long serialVersionUID = 1;

        @Override
        protected boolean removeEldestEntry(Map.Entry<String, Answer> eldest) {
          return size() > MAX_ANSWERS;
        }
      };

  /** Where addresses come from; may block. */
  public interface Lookup {
    /** All addresses of a name or literal. */
    InetAddress[] of(String host) throws UnknownHostException;
  }

  /** A resolver on the name servers of the machine. */
  public VettedResolver(AddressPolicy policy) {
    this(policy, InetAddress::getAllByName, LIMIT, TTL);
  }

  /**
   * A resolver on other sources.
   *
   * @param limit longest wait for one name
   * @param ttl how long an answer is kept
   */
  public VettedResolver(AddressPolicy policy, Lookup lookup, Duration limit, Duration ttl) {
    this.policy = policy;
    this.lookup = lookup;
    this.limit = limit;
    this.ttl = ttl;
    var number = new AtomicInteger();
    this.threads =
        new ThreadPoolExecutor(
            MAX_LOOKUPS,
            MAX_LOOKUPS,
            10,
            TimeUnit.SECONDS,
            new LinkedBlockingQueue<>(),
            task ->
                Thread.ofPlatform()
                    .name("dns-" + number.incrementAndGet())
                    .daemon()
                    .unstarted(task));
    threads.allowCoreThreadTimeOut(true);
  }

  /** The rules it keeps. */
  public AddressPolicy policy() {
    return policy;
  }

  /**
   * The addresses of a host, in the order of the answer.
   *
   * @param host a name or a literal address
   * @throws BlockedAddress when one of them may not be asked
   * @throws UnknownHostException when there is none, or no answer in time
   */
  public List<InetAddress> resolve(String host) throws UnknownHostException {
    return resolve(host, limit);
  }

  /**
   * The same, for a caller in a hurry.
   *
   * @param atMost how long to wait, if that is shorter than the limit
   */
  public List<InetAddress> resolve(String host, Duration atMost) throws UnknownHostException {
    var wait = atMost.compareTo(limit) < 0 ? atMost : limit;
    try {
      var addresses =
          answer(host.toLowerCase(Locale.ROOT)).get(wait.toNanos(), TimeUnit.NANOSECONDS);
      policy.require(host, addresses);
      return addresses.subList(0, Math.min(MAX_ADDRESSES, addresses.size()));
    } catch (ExecutionException e) {
      // The resolver's own words: all that tells "no such name" from "ask me later".
      var why = e.getCause() == null ? e : e.getCause();
      throw unknown("%s has no address (%s)".formatted(host, why.getMessage()), e);
    } catch (TimeoutException e) {
      throw unknown("No address of %s within %d ms".formatted(host, wait.toMillis()), e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw unknown("Interrupted while looking up %s".formatted(host), e);
    }
  }

  @Override
  public void close() {
    threads.shutdownNow();
  }

  /** One lookup of a name at a time, however many ask. */
  private CompletableFuture<List<InetAddress>> answer(String host) {
    synchronized (answers) {
      var known = answers.get(host);
      if (known != null && !known.isStale()) {
        return known.addresses;
      }
      var answer = new Answer();
      answers.put(host, answer);
      threads.execute(() -> answer.complete(host));
      return answer.addresses;
    }
  }

  private static UnknownHostException unknown(String message, Exception cause) {
    var unknown = new UnknownHostException(message);
    unknown.initCause(cause);
    return unknown;
  }

  private final class Answer {
    private final CompletableFuture<List<InetAddress>> addresses = new CompletableFuture<>();
    private volatile long until;

    private boolean isStale() {
      return addresses.isDone() && System.nanoTime() - until >= 0;
    }

    private void complete(String host) {
      try {
        var found = List.of(lookup.of(host));
        until = System.nanoTime() + ttl.toNanos();
        addresses.complete(found);
      } catch (UnknownHostException
          | RuntimeException e) { // A future's edge: it must be completed.
        until = System.nanoTime() + ttl.toNanos();
        addresses.completeExceptionally(e);
      }
    }
  }
}
