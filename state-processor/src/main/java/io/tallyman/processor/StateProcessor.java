package io.tallyman.processor;

import io.tallyman.processor.kafka.Mirror;
import io.tallyman.processor.topology.JobStreams;
import io.tallyman.processor.topology.JobTopology;
import io.tallyman.runtime.Service;
import io.tallyman.runtime.SteadyClock;
import io.tallyman.runtime.redis.JobViews;
import java.time.Instant;
import java.util.List;

/** The state-processor as a service: the deciding application and the mirror beside it. */
public final class StateProcessor implements Service {

  private final JobStreams streams;
  private final Mirror mirror;
  private final JobViews views;

  private StateProcessor(JobStreams streams, Mirror mirror, JobViews views) {
    this.streams = streams;
    this.mirror = mirror;
    this.views = views;
  }

  /** Starts it. Returns at once: Kafka and Redis may be down, {@link #health()} tells. */
  public static StateProcessor start(ProcessorSettings settings) {
    var common = settings.common();
    var endpoints = common.endpoints().names();
    var topology = JobTopology.build(settings.decider(), endpoints);
    var streams =
        new JobStreams(
            topology,
            endpoints,
            common.kafka(),
            common.minReplication(),
            settings.instance(),
            settings.commitInterval(),
            common.dataDir().resolve("state-processor"));
    var views = new JobViews(common.redis());
    var mirror =
        new Mirror(
            common.kafka(), settings.instance(), views, SteadyClock.beginningAt(Instant.now()));
    return new StateProcessor(streams, mirror, views);
  }

  @Override
  public List<Health> health() {
    return List.of(streams.health(), mirror.health());
  }

  @Override
  public void close() {
    streams.close();
    mirror.close();
    views.close();
  }
}
