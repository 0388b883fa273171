package io.tallyman.webhooks;

import static io.tallyman.webhooks.Stage.await;
import static io.tallyman.webhooks.Stage.states;
import static org.assertj.core.api.Assertions.assertThat;

import io.tallyman.schemas.Topics;
import io.tallyman.schemas.job.WebhookAttempt;
import io.tallyman.webhooks.http.Receiver;
import io.tallyman.webhooks.http.Receiver.Received;
import io.tallyman.webhooks.kafka.Broker;
import java.nio.file.Path;
import java.util.Collections;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A dispatcher that is killed again and again. */
@Timeout(300)
class CrashesIT {

  private static final String GROUP = "crashes";
  private static final String JOB = "unlucky-0";
  private static final int CRASHES = 10;
  private static final String YAML =
      """
      endpoints:
        default:
          image: x
          command: [x]
          webhook: {delay: 50ms, deadline: 1h}
      """;

  @TempDir private Path folder;

  /** What the killed ones asked was not answered, so nobody could write it down. */
  @Test
  void shouldAskNoMoreThanItsAttemptsAndOnceForEachCrash() throws Exception {
    try (var broker = Broker.start(folder.resolve("kafka"));
        var stage = new Stage(folder, YAML, GROUP)) {
      // given: the first attempt fails, the second hangs
      var receiver = stage.receiver(one -> attempt(one).equals("1") ? 500 : Receiver.SILENCE);
      broker.append(states("unlucky-", 1, 1, receiver.url()));

      // when
      for (var crash = 1; crash <= CRASHES; crash++) {
        var seen = crash + 1;
        try (var dispatcher =
            DispatcherProcess.start(broker.bootstrapServers(), folder, YAML, GROUP)) {
          await(
              () ->
                  receiver.received().size() == seen
                      && broker.read(Topics.WEBHOOK_ATTEMPTS).size() == 1);
          dispatcher.kill();
        }
      }
      receiver.answer(_ -> 500);
      try (var _ = DispatcherProcess.start(broker.bootstrapServers(), folder, YAML, GROUP)) {
        await(() -> broker.lag(GROUP) == 0);
      }

      // then
      assertThat(receiver.received())
          .extracting(CrashesIT::attempt)
          .isEqualTo(
              Stream.of(List.of("1"), Collections.nCopies(CRASHES + 1, "2"), List.of("3"))
                  .flatMap(List::stream)
                  .toList());
      assertThat(receiver.received())
          .extracting(Received::webhookId)
          .containsOnly(receiver.received().getFirst().webhookId());
      assertThat(broker.read(Topics.WEBHOOK_DEAD_LETTERS, WebhookAttempt.class, JOB))
          .extracting(WebhookAttempt::attempt)
          .containsExactly(3);
    }
  }

  private static String attempt(Received one) {
    return one.headers().getOrDefault("webhook-attempt", "");
  }
}
