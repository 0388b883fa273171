package io.tallyman.chaos.nemesis;

import java.util.Locale;

/** Every way of breaking something; the names in histories are those here in kebab case. */
public enum FaultKind {
  /** SIGKILL of one process, and its start after a while. */
  KILL,
  /** The leader of a partition of the event log is killed, and started after a while. */
  KILL_LEADER,
  /** Two of three brokers are killed: nothing can be acknowledged until one is back. */
  KILL_TWO_BROKERS,
  /** All brokers are killed at once. */
  KILL_ALL_BROKERS,
  /** SIGSTOP of one process and of what it started, then SIGCONT. */
  FREEZE,
  /** Nothing passes between one process and what it is linked to. */
  PARTITION,
  /** What a process asks arrives, and no answer comes back; or the other way round. */
  PARTITION_ONE_WAY,
  /** All connections of a process are reset, and new ones too for a while. */
  RESET,
  /** All links of a process are slow: 100 ms each way and 32 kB/s. */
  SLOW_LINK,
  /** Connections of a process end after so many bytes, in the middle of a message. */
  LIMIT_DATA,
  /** Links of all services stop one by one, and are healed in another order. */
  SWIZZLE_CLOG,
  /** FLUSHALL. */
  REDIS_FLUSH,
  /** The disk of a broker has no space left. */
  DISK_FULL,
  /** The wall clock of one service jumps. */
  CLOCK_JUMP,
  /** The dispatchers are stopped, their group is set back by 1,000 records, and they start. */
  OFFSET_REWIND,
  /** Records nobody can read, of eight kinds. */
  POISON,
  /** SIGTERM and start of each service in turn, as for an upgrade. */
  ROLLING_RESTART,
  /** SIGKILL of the container, or the process, of one running job. */
  CONTAINER_KILL;

  /** Such as {@code partition-one-way}. */
  public String label() {
    return name().toLowerCase(Locale.ROOT).replace('_', '-');
  }
}
