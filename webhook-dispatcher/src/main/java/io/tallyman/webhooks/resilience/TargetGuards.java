package io.tallyman.webhooks.resilience;

import io.github.resilience4j.circuitbreaker.CircuitBreaker;
import io.github.resilience4j.circuitbreaker.CircuitBreakerConfig;
import io.github.resilience4j.circuitbreaker.CircuitBreakerConfig.SlidingWindowType;
import io.github.resilience4j.ratelimiter.RateLimiter;
import io.github.resilience4j.ratelimiter.RateLimiterConfig;
import java.io.IOException;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.LongSupplier;

/**
 * What protects each target, and us from it: a circuit breaker, which stops asking one that does
 * not answer, and a rate. Both forget a target that was not asked for long, so that their number is
 * bounded: the registries of Resilience4j never forget. Thread-safe; its own lock guards the maps.
 */
public final class TargetGuards {

  /** While a circuit is open; the next attempt of a delivery is no sooner. */
  public static final Duration OPEN = Duration.ofSeconds(5);

  /** A breaker takes about 1.7 KB with this window, a limiter 0.5 KB. */
  private static final int MAX_TARGETS = 10_000;

  private static final int WINDOW = 20;
  private static final int MIN_CALLS = 5;
  private static final float FAILURE_RATE = 80;

  /**
   * A probe that is lost, or waits for its deadline or for a slot, is given up so late, and the
   * next follows; without it a breaker could stay half-open for as long as one probe takes. By a
   * timer of Resilience4j's own, whatever the clock says.
   */
  private static final Duration MAX_HALF_OPEN = Duration.ofMinutes(2);

  /** Longest wait that one reservation may have; beyond it the delivery asks again. */
  private static final Duration MAX_RESERVATION = Duration.ofMinutes(1);

  /** Whose circuits have closed, until somebody asks. */
  private final Queue<String> recovered = new ConcurrentLinkedQueue<>();

  private final CircuitBreakerConfig breakers;
  private final Map<String, CircuitBreaker> breakerOf = new Recent<>();
  private final Map<Limit, RateLimiter> limiterOf = new Recent<>();

  /**
   * Guards of targets nobody has asked yet.
   *
   * @param nanoTime a monotonic clock, such as {@code System::nanoTime}
   */
  public TargetGuards(LongSupplier nanoTime) {
    this(nanoTime, MAX_HALF_OPEN);
  }

  /**
   * The same with another patience.
   *
   * @param maxHalfOpen how long to wait for a probe, of real time
   */
  TargetGuards(LongSupplier nanoTime, Duration maxHalfOpen) {
    var clock = new MonotonicClock(nanoTime);
    this.breakers =
        CircuitBreakerConfig.custom()
            .slidingWindowType(SlidingWindowType.COUNT_BASED)
            .slidingWindowSize(WINDOW)
            .minimumNumberOfCalls(MIN_CALLS)
            .failureRateThreshold(FAILURE_RATE)
            .slowCallRateThreshold(100)
            .slowCallDurationThreshold(Duration.ofDays(1))
            .waitDurationInOpenState(OPEN)
            .permittedNumberOfCallsInHalfOpenState(1)
            .maxWaitDurationInHalfOpenState(maxHalfOpen)
            .clock(clock)
            .build();
  }

  /**
   * Whether the target may be asked.
   *
   * @return empty: its circuit is open. Else the permission, which must be used up once
   */
  public Optional<Permit> ask(String target) {
    CircuitBreaker breaker;
    synchronized (this) {
      breaker = breakerOf.computeIfAbsent(target, this::breaker);
    }
    return breaker.tryAcquirePermission() ? Optional.of(new Permit(breaker)) : Optional.empty();
  }

  /** A target whose circuit has closed again, each time once. */
  public Optional<String> pollRecovered() {
    return Optional.ofNullable(recovered.poll());
  }

  /** Whether the target is not asked now. */
  public synchronized boolean isOpen(String target) {
    var breaker = breakerOf.get(target);
    return breaker != null && breaker.getState() == CircuitBreaker.State.OPEN;
  }

  /**
   * Takes a turn at a rate.
   *
   * @param perSecond requests to this target
   * @return how long to wait before the request; {@link Optional#empty}: ask again in a minute
   */
  public Optional<Duration> reserve(String target, int perSecond) {
    RateLimiter limiter;
    synchronized (this) {
      limiter = limiterOf.computeIfAbsent(new Limit(target, perSecond), TargetGuards::limiter);
    }
    var nanos = limiter.reservePermission();
    return nanos < 0 ? Optional.empty() : Optional.of(Duration.ofNanos(nanos));
  }

  /** Targets it knows. */
  synchronized int size() {
    return Math.max(breakerOf.size(), limiterOf.size());
  }

  private CircuitBreaker breaker(String target) {
    var breaker = CircuitBreaker.of("webhook target", breakers);
    breaker
        .getEventPublisher()
        .onStateTransition(
            event -> {
              if (event.getStateTransition().getToState() == CircuitBreaker.State.CLOSED) {
                recovered.add(target);
              }
            });
    return breaker;
  }

  private static RateLimiter limiter(Limit limit) {
    return RateLimiter.of(
        "webhook target",
        RateLimiterConfig.custom()
            // One at a time: a burst each second would be the same rate and another load.
            .limitForPeriod(1)
            .limitRefreshPeriod(Duration.ofNanos(TimeUnit.SECONDS.toNanos(1) / limit.perSecond()))
            .timeoutDuration(MAX_RESERVATION)
            .build());
  }

  /** The permission to ask once. */
  public static final class Permit {

    private final CircuitBreaker breaker;
    private final CircuitBreaker.State given;
    private final AtomicBoolean isUsed = new AtomicBoolean();

    private Permit(CircuitBreaker breaker) {
      this.breaker = breaker;
      this.given = breaker.getState();
    }

    /**
     * Whether the circuit has opened since: whoever has waited with it for long need not find out
     * once more that nobody answers. A probe's is good until the probe is given up.
     */
    public boolean isRevoked() {
      var state = breaker.getState();
      return state != CircuitBreaker.State.CLOSED && state != given;
    }

    /** The target was asked. */
    public void used(boolean isAlive, Duration took) {
      if (!isUsed.compareAndSet(false, true)) {
        return;
      }
      if (isAlive) {
        breaker.onSuccess(took.toNanos(), TimeUnit.NANOSECONDS);
      } else {
        // The breaker counts failures, and asks for a reason that nobody reads.
        breaker.onError(took.toNanos(), TimeUnit.NANOSECONDS, new IOException("no answer"));
      }
    }

    /** The target was not asked after all. */
    public void unused() {
      // One of a closed circuit, released into a half-open one, would be one more probe.
      if (isUsed.compareAndSet(false, true) && !isRevoked()) {
        breaker.releasePermission();
      }
    }
  }

  private record Limit(String target, int perSecond) {}

  private static final class Recent<K, V> extends LinkedHashMap<K, V> {
    private static final long serialVersionUID = 1;

    private Recent() {
      super(16, 0.75f, true);
    }

    @Override
    protected boolean removeEldestEntry(Map.Entry<K, V> eldest) {
      return size() > MAX_TARGETS;
    }
  }

  /** No step of the wall clock opens or closes a circuit. */
  private static final class MonotonicClock extends Clock {
    private final LongSupplier nanoTime;

    private MonotonicClock(LongSupplier nanoTime) {
      this.nanoTime = nanoTime;
    }

    @Override
    public ZoneId getZone() {
      return ZoneOffset.UTC;
    }

    @Override
    public Clock withZone(ZoneId zone) {
      return this;
    }

    @Override
    public Instant instant() {
      return Instant.EPOCH.plusNanos(nanoTime.getAsLong());
    }
  }
}
