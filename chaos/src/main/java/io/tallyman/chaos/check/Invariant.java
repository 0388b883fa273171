package io.tallyman.chaos.check;

import org.jspecify.annotations.Nullable;

/** What must hold in every history. */
public enum Invariant {
  I1("accepted means durable: a job answered with 200 has exactly one JobQueued"),
  I2("no phantom: every JobQueued was asked for, by a call that was not refused"),
  I3("one Idempotency-Key and body is one job; another body is refused"),
  I4("every command is answered as the transition table says"),
  I5("one end per life, and nothing after it but an accepted retry"),
  I6("sequences 1, 2, 3 … in the order of one partition"),
  I7("attempts are fencing tokens: they grow, and only the one that was granted counts"),
  I8("one container per attempt, and those of one job do not overlap"),
  I9("containers go when their attempt is over; none is left in the end"),
  I10("the result is that of the attempt that completed the job"),
  I11("Redis shows what the log says, is never ahead of it, and never goes back"),
  I12("every key of Redis expires within the hour"),
  I13("a client never reads back in time, nor loses a job that it was told of"),
  I14("submit and cancel of a job are linearizable, and end where the log ends"),
  I15("each event with a webhook arrives, or has a dead letter; nothing else arrives"),
  I16("the webhooks of a job arrive in the order of its events"),
  I17("each delivery of one id has the same body, a true signature and a fresh timestamp"),
  I18("a failed webhook is asked again after its delay, as often as agreed"),
  I19("executionTimeout ends an attempt in time and never early"),
  I20("ttl ends a job in time and never early; nothing starts after it"),
  I21("after the last fault every job ends, and every client is answered"),
  I22("no job waits much longer than its neighbours in the queue"),
  I23("folding the log gives the same states in whatever order of partitions"),
  I24(
      "the log is tamper-evident",
      "the product keeps no hash chain and signs no checkpoints: there is nothing to verify"),
  I25("each record that nobody can read has one dead letter, and nothing else has one"),
  I26("the counts of health are those of the log"),
  I27("no secret is where others can read it"),
  I28("nobody sees what is another tenant's", "the product has no tenants");

  private final String sentence;
  private final @Nullable String reasonNotApplicable;

  Invariant(String sentence) {
    this(sentence, null);
  }

  Invariant(String sentence, @Nullable String reasonNotApplicable) {
    this.sentence = sentence;
    this.reasonNotApplicable = reasonNotApplicable;
  }

  /** What holds, for people. */
  public String sentence() {
    return sentence;
  }

  /** Why there is nothing to judge; null when there is. */
  public @Nullable String reasonNotApplicable() {
    return reasonNotApplicable;
  }
}
