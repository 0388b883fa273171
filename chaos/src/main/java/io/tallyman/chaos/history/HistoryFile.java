package io.tallyman.chaos.history;

/** The files of a history, in the folder of its run. */
public enum HistoryFile {
  /** One {@link Run}, alone. */
  RUN("run.json", Run.class),
  CLIENT("client.jsonl", ClientCall.class),
  LOG("log.jsonl", LogRecord.class),
  RECEIVER("receiver.jsonl", Received.class),
  CONTAINERS("containers.jsonl", ContainerSighting.class),
  REDIS("redis.jsonl", RedisSighting.class),
  NEMESIS("nemesis.jsonl", FaultMark.class),
  SERVICES("services.jsonl", ServiceSighting.class),
  /** For figures alone: no part of a {@link History}. */
  PROGRESS("progress.jsonl", Progress.class);

  private final String fileName;
  private final Class<? extends Record> type;

  HistoryFile(String fileName, Class<? extends Record> type) {
    this.fileName = fileName;
    this.type = type;
  }

  /** Name in the folder of the run. */
  public String fileName() {
    return fileName;
  }

  /** What its lines are. */
  public Class<? extends Record> type() {
    return type;
  }
}
