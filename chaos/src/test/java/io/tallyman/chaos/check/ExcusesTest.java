package io.tallyman.chaos.check;

import static org.assertj.core.api.Assertions.assertThat;

import io.tallyman.chaos.history.ClientCall;
import io.tallyman.chaos.history.FaultMark;
import io.tallyman.chaos.history.History;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;

/** What looks wrong and is documented to be allowed; and that the same is wrong without reason. */
class ExcusesTest {

  private static final History GOOD = GoodHistory.of(7);

  @Test
  void shouldExcuseAnOverlapByAFrozenRunnerAlone() {
    // given
    var overlapping = mutant("containers of two attempts overlap");
    var job = new Edit(GOOD).job("handed");
    var older = Edit.find(GOOD.containers(), it -> it.job().equals(job) && it.attempt() == 1);
    var newer = Edit.find(GOOD.containers(), it -> it.job().equals(job) && it.attempt() == 2);

    // then
    assertThat(broken(with(overlapping, "freeze", older.runner(), older.at(), newer.at())))
        .doesNotContain(Invariant.I8);
    assertThat(broken(with(overlapping, "freeze", newer.runner(), older.at(), newer.at())))
        .contains(Invariant.I8);
    assertThat(broken(with(overlapping, "partition", older.runner(), older.at(), newer.at())))
        .contains(Invariant.I8);
  }

  @Test
  void shouldExcuseARedisThatGoesBackByTheLossOfItsDataAlone() {
    // given
    var regressed = mutant("Redis goes back");
    var from = Scribe.at(60_000);
    var to = Scribe.at(280_000);

    // then
    assertThat(broken(with(regressed, "kill", "redis", from, to))).doesNotContain(Invariant.I11);
    assertThat(broken(with(regressed, "kill", "api-1", from, to))).contains(Invariant.I11);
  }

  @Test
  void shouldExcuseALateTimeoutButNoEarlyOneByAFaultOfTheProcessor() {
    // given
    var early = mutant("a timeout comes 3 s early");
    var late = mutant("a timeout comes 5 s late");
    var from = Scribe.at(60_000);
    var to = Scribe.at(280_000);

    // then
    assertThat(broken(with(late, "kill", "state-processor-2", from, to)))
        .doesNotContain(Invariant.I19);
    assertThat(broken(with(early, "kill", "state-processor-2", from, to))).contains(Invariant.I19);
    assertThat(broken(with(late, "kill", "redis", from, to))).contains(Invariant.I19);
  }

  @Test
  void shouldAllowARetriedSubmissionWhoseFirstAnswerWasLostAfterTheJobHadEnded() {
    // given
    var job = new Edit(GOOD).job("keyed");
    var ended = Edit.find(GOOD.log(), Edit.event(job, "completed")).timestamp() * 1_000;
    var late =
        changed(
            edit ->
                Edit.each(
                    edit.calls,
                    call -> job.equals(call.job()) && call.operation().equals("run"),
                    call -> List.of(at(call, ended + 5_000_000))));

    // then
    assertThat(broken(late)).isEmpty();
  }

  @Test
  void shouldNotCallAJobLostWhoseSubmissionNobodyConfirmed() {
    // given
    var gone =
        changed(
            edit -> {
              var job = edit.job("lost");
              Edit.remove(edit.log, record -> job.equals(record.key()));
              Edit.remove(edit.redis, sighting -> sighting.key().equals("job:" + job));
              Edit.remove(edit.received, it -> it.body().contains(job));
              Edit.remove(edit.containers, it -> it.job().equals(job));
            });

    // then
    assertThat(broken(gone)).containsExactly(Invariant.I26);
  }

  private static ClientCall at(ClientCall call, long calledAt) {
    return new ClientCall(
        calledAt,
        calledAt + 10_000,
        "client-late",
        call.operation(),
        call.job(),
        call.key(),
        call.request(),
        call.outcome(),
        call.status(),
        call.response());
  }

  private static History changed(Consumer<Edit> change) {
    return new Mutant("", Invariant.I1, change).of(GOOD);
  }

  private static History mutant(String name) {
    return MutantsTest.mutants().stream()
        .filter(mutant -> mutant.name().equals(name))
        .findFirst()
        .orElseThrow()
        .of(GOOD);
  }

  private static List<Invariant> broken(History history) {
    return Checker.check(history).violations().stream()
        .map(Violation::invariant)
        .distinct()
        .toList();
  }

  private static History with(History history, String fault, String target, long from, long to) {
    var faults = new ArrayList<>(history.faults());
    faults.add(new FaultMark(from, fault, target, true, ""));
    faults.add(new FaultMark(to, fault, target, false, ""));
    return new History(
        history.run(),
        history.calls(),
        history.log(),
        history.received(),
        history.containers(),
        history.redis(),
        faults,
        history.services());
  }
}
