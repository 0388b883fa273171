package io.tallyman.chaos.cluster;

import java.util.List;
import java.util.stream.Stream;

/** Who is in a cluster. */
public final class Names {

  public static final List<String> BROKERS = List.of("broker-1", "broker-2", "broker-3");
  public static final List<String> APIS = List.of("api-1", "api-2");
  public static final List<String> PROCESSORS = List.of("state-processor-1", "state-processor-2");
  public static final List<String> RUNNERS = List.of("worker-runner-1", "worker-runner-2");
  public static final List<String> DISPATCHERS =
      List.of("webhook-dispatcher-1", "webhook-dispatcher-2");
  public static final String REDIS = "redis";

  /** Of all four kinds. */
  public static final List<String> SERVICES =
      Stream.of(APIS, PROCESSORS, RUNNERS, DISPATCHERS).flatMap(List::stream).toList();

  private Names() {}

  /** {@code api} of {@code api-2}. */
  public static String kind(String name) {
    return name.replaceFirst("-\\d+$", "");
  }
}
