package io.tallyman.chaos.check;

import io.tallyman.chaos.history.History;
import io.tallyman.chaos.history.HistoryWriter;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * How long a history of a million records takes. A main program of the tests; {@code
 * docs/reliability/checker.md} says how to run it, and what came out.
 */
public final class CheckerBenchmark {

  private CheckerBenchmark() {}

  /**
   * Writes, reads and judges.
   *
   * @param arguments how many jobs, and the milliseconds between two looks at Redis
   */
  public static void main(String[] arguments) throws IOException {
    var jobs = Integer.parseInt(arguments[0]);
    var look = Long.parseLong(arguments[1]);
    var folder = Files.createTempDirectory("w-check-benchmark-");
    var made = GoodHistory.of(1, jobs, look);
    write(folder, made);

    var start = System.nanoTime();
    var cpuStart = cpu();
    var history = History.read(folder);
    var read = System.nanoTime();
    var cpuRead = cpu();
    var report = Checker.check(history);
    var judged = System.nanoTime();
    var cpuJudged = cpu();
    ReportFiles.write(folder, history, report);
    var written = System.nanoTime();

    var records = report.records().values().stream().mapToInt(Integer::intValue).sum();
    System.out.printf(
        "%,d records %s: read %d ms (cpu %d), judged %d ms (cpu %d), written %d ms; %s, %s%n%s%n",
        records,
        report.records(),
        millis(read - start),
        millis(cpuRead - cpuStart),
        millis(judged - read),
        millis(cpuJudged - cpuRead),
        millis(written - judged),
        report.verdict(),
        report.missing(),
        folder);
  }

  static void write(Path folder, History history) {
    try (var writer = new HistoryWriter(folder)) {
      List.of(
              history.calls(),
              history.log(),
              history.received(),
              history.containers(),
              history.redis(),
              history.faults(),
              history.services())
          .forEach(lines -> lines.forEach(line -> writer.write((Record) line)));
    }
    HistoryWriter.writeRun(folder, history.run());
  }

  /** Of this thread: what others do on the machine does not count. */
  private static long cpu() {
    return ManagementFactory.getThreadMXBean().getCurrentThreadCpuTime();
  }

  private static long millis(long nanos) {
    return TimeUnit.NANOSECONDS.toMillis(nanos);
  }
}
