package io.tallyman.chaos.check;

import static io.tallyman.chaos.check.Edit.at;
import static io.tallyman.chaos.check.Edit.each;
import static io.tallyman.chaos.check.Edit.event;
import static io.tallyman.chaos.check.Edit.find;
import static io.tallyman.chaos.check.Edit.on;
import static io.tallyman.chaos.check.Edit.remove;
import static io.tallyman.chaos.check.Edit.withHeader;
import static io.tallyman.chaos.check.Edit.withValue;

import io.tallyman.chaos.history.LogRecord;
import java.util.List;

/** What can be wrong with the log. */
final class LogMutants {

  static final List<Mutant> ALL =
      List.of(
          new Mutant(
              "an accepted job is lost",
              Invariant.I1,
              edit -> {
                var job = edit.job("plain");
                remove(edit.log, record -> job.equals(record.key()));
              }),
          new Mutant(
              "JobQueued is dropped",
              Invariant.I1,
              edit -> remove(edit.log, event(edit.job("plain"), "queued"))),
          new Mutant(
              "JobQueued comes twice",
              Invariant.I1,
              edit ->
                  each(
                      edit.log,
                      event(edit.job("failed"), "queued"),
                      record -> List.of(record, after(record)))),
          new Mutant(
              "the Submit of a job with events is dropped",
              Invariant.I4,
              edit -> {
                var job = edit.job("plain");
                remove(edit.log, on("job-commands", job).and(it -> isType(it, "submit")));
              }),
          new Mutant(
              "a command is neither accepted nor refused",
              Invariant.I4,
              edit -> remove(edit.log, on("job-rejections", edit.job("late")))),
          new Mutant(
              "a refusal has another code",
              Invariant.I4,
              edit ->
                  edit.value(
                      on("job-rejections", edit.job("late")),
                      value -> value.replace("INVALID_STATE", "NOT_FOUND"))),
          new Mutant(
              "a job completes from the queue",
              Invariant.I4,
              edit ->
                  each(
                      edit.log,
                      event(edit.job("cancelled"), "cancelled"),
                      record ->
                          List.of(
                              withHeader(
                                  withValue(record, it -> it.replace("CANCELLED", "COMPLETED")),
                                  "ce_type",
                                  "io.tallyman.job.completed.v1")))),
          new Mutant(
              "the end comes twice",
              Invariant.I5,
              edit ->
                  each(
                      edit.log,
                      event(edit.job("plain"), "completed"),
                      record -> List.of(record, after(record)))),
          new Mutant(
              "another end follows the end",
              Invariant.I5,
              edit -> {
                var job = edit.job("plain");
                each(
                    edit.log,
                    event(job, "completed"),
                    record ->
                        List.of(
                            record,
                            withHeader(
                                withHeader(
                                    withValue(
                                        after(record),
                                        it ->
                                            it.replace("COMPLETED", "FAILED")
                                                .replace("\"sequence\":3", "\"sequence\":4")),
                                    "ce_id",
                                    job + ":4"),
                                "ce_type",
                                "io.tallyman.job.failed.v1")));
              }),
          new Mutant("two events change places", Invariant.I6, LogMutants::swap),
          new Mutant(
              "a sequence has a gap",
              Invariant.I6,
              edit -> {
                var job = edit.job("plain");
                each(
                    edit.log,
                    event(job, 3),
                    record ->
                        List.of(
                            withHeader(
                                withValue(
                                    record, it -> it.replace("\"sequence\":3", "\"sequence\":4")),
                                "ce_id",
                                job + ":4")));
              }),
          new Mutant(
              "an event has another's ce_id",
              Invariant.I6,
              edit -> {
                var job = edit.job("plain");
                each(
                    edit.log,
                    event(job, 2),
                    record -> List.of(withHeader(record, "ce_id", job + ":1")));
              }),
          new Mutant(
              "the word of an old attempt counts",
              Invariant.I7,
              edit ->
                  edit.value(
                      event(edit.job("handed"), "completed"),
                      value -> value.replace("\"attempt\":2", "\"attempt\":1"))),
          new Mutant(
              "the word of another runner counts",
              Invariant.I7,
              edit ->
                  edit.value(
                      event(edit.job("plain"), "completed"),
                      value ->
                          value.replaceAll(
                              "\"runner\":\"worker-runner-.\"", "\"runner\":\"stranger\""))),
          new Mutant(
              "a requeueing keeps the attempt",
              Invariant.I7,
              edit ->
                  edit.value(
                      event(edit.job("handed"), "requeued"),
                      value -> value.replace("\"attempt\":2", "\"attempt\":1"))),
          new Mutant(
              "the output is that of another attempt",
              Invariant.I10,
              edit -> {
                var job = edit.job("handed");
                var seed = Integer.toHexString(job.hashCode());
                edit.value(
                    event(job, "completed"),
                    value -> value.replace(Texts.sha256(seed + ":2"), Texts.sha256(seed + ":1")));
              }),
          new Mutant(
              "a timeout comes 3 s early",
              Invariant.I19,
              edit -> edit.shift(event(edit.job("timeout"), "timed-out"), -3_000)),
          new Mutant(
              "a timeout comes 5 s late",
              Invariant.I19,
              edit -> edit.shift(event(edit.job("timeout"), "timed-out"), 5_000)),
          new Mutant(
              "an attempt gets another deadline than asked for",
              Invariant.I19,
              edit ->
                  edit.value(
                      event(edit.job("timeout"), "queued"),
                      value ->
                          value.replace("\"executionTimeout\":5000", "\"executionTimeout\":8000"))),
          new Mutant(
              "ttl comes 3 s early",
              Invariant.I20,
              edit -> edit.shift(event(edit.job("ttl"), "timed-out"), -3_000)),
          new Mutant("a job starts after its ttl", Invariant.I20, LogMutants::startLate),
          new Mutant(
              "a job never ends",
              Invariant.I21,
              edit -> remove(edit.log, event(edit.job("plain"), "completed"))),
          new Mutant(
              "a job ends long after the heal",
              Invariant.I21,
              edit -> edit.shift(event(edit.job("plain"), "completed"), 90_000)),
          new Mutant(
              "a job waits for a minute while others do not",
              Invariant.I22,
              edit -> edit.shift(event(edit.job("plain"), "started"), 58_000)),
          new Mutant(
              "an event is in another partition",
              Invariant.I23,
              edit ->
                  each(
                      edit.log,
                      event(edit.job("plain"), 2),
                      record -> List.of(at(record, (record.partition() + 1) % 4, 1_000_001)))),
          new Mutant(
              "poison has no dead letter",
              Invariant.I25,
              edit -> remove(edit.log, record -> isLetterOf(record, "poison-1"))),
          new Mutant(
              "poison has two dead letters",
              Invariant.I25,
              edit ->
                  each(
                      edit.log,
                      record -> isLetterOf(record, "poison-2"),
                      record -> List.of(record, after(record)))),
          new Mutant(
              "a dead letter does not say why",
              Invariant.I25,
              edit ->
                  each(
                      edit.log,
                      record -> isLetterOf(record, "poison-3"),
                      record -> List.of(withHeader(record, "tallyman-reason", "")))),
          new Mutant("a good command is buried", Invariant.I25, LogMutants::bury));

  private LogMutants() {}

  private static void swap(Edit edit) {
    var job = edit.job("plain");
    var second = find(edit.log, event(job, 2));
    var third = find(edit.log, event(job, 3));
    edit.log.remove(second);
    edit.log.remove(third);
    edit.log.add(at(second, third.partition(), third.offset()));
    edit.log.add(at(third, second.partition(), second.offset()));
  }

  /** The timer was asleep, and a runner came. */
  private static void startLate(Edit edit) {
    var job = edit.job("ttl");
    each(
        edit.log,
        event(job, "timed-out"),
        record ->
            List.of(
                withHeader(
                    withValue(
                        record,
                        value ->
                            value.replace(
                                "\"status\":\"TIMED_OUT\"",
                                "\"runner\":\"worker-runner-1\",\"delayTime\":1,\"deadline\":\"%s\",\"status\":\"IN_PROGRESS\""
                                    .formatted(Texts.time(record.timestamp() * 1_000)))),
                    "ce_type",
                    "io.tallyman.job.started.v1")));
    edit.shift(event(job, "started"), 3_000);
  }

  private static void bury(Edit edit) {
    var submit =
        find(edit.log, on("job-commands", edit.job("plain")).and(it -> isType(it, "submit")));
    edit.log.add(
        new LogRecord(
            "dead-letters",
            0,
            1_000_001,
            submit.timestamp(),
            submit.key(),
            withHeader(
                    withHeader(submit, "tallyman-origin", Facts.position(submit)),
                    "tallyman-reason",
                    "a whim")
                .headers(),
            submit.value()));
  }

  private static boolean isType(LogRecord record, String verb) {
    return ("io.tallyman.command." + verb + ".v1").equals(record.headers().get("ce_type"));
  }

  private static boolean isLetterOf(LogRecord record, String key) {
    return on("dead-letters", key).test(record);
  }

  /** The same record again, behind it. */
  private static LogRecord after(LogRecord record) {
    return at(record, record.partition(), record.offset() + 1);
  }
}
