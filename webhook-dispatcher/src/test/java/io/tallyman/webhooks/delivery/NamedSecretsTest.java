package io.tallyman.webhooks.delivery;

import static io.tallyman.webhooks.delivery.DelivererFixture.RECEIVER;
import static io.tallyman.webhooks.delivery.DelivererFixture.TIME;
import static io.tallyman.webhooks.delivery.DelivererFixture.answer;
import static io.tallyman.webhooks.delivery.DelivererFixture.logged;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.tallyman.runtime.endpoints.Endpoint.Secret;
import io.tallyman.runtime.endpoints.Endpoints;
import io.tallyman.schemas.job.EndpointName;
import io.tallyman.schemas.job.EventMeta;
import io.tallyman.schemas.job.JobEvent.JobRequeued;
import io.tallyman.schemas.job.JobId;
import io.tallyman.schemas.job.SecretName;
import io.tallyman.schemas.job.WebhookAttempt;
import io.tallyman.webhooks.delivery.Sender.Request;
import java.util.List;
import java.util.Optional;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** A job's webhooks are signed with the secret that it names, or not sent. */
@Timeout(60)
class NamedSecretsTest {

  private static final String OWN = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
  private static final String CUSTOMER = "whsec_" + "Q".repeat(32);
  private static final String OLD = "whsec_" + "R".repeat(32);
  private static final String OTHER = "whsec_" + "S".repeat(32);
  private static final Endpoints ENDPOINTS =
      Endpoints.parse(
          "test.yaml",
          """
          endpoints:
            default:
              image: x
              command: [x]
              webhook:
                secret: %s
                delay: 10ms
                namedSecrets:
                  customer-a: {secret: %s}
                  customer-b: {secret: %s, oldSecrets: [{secret: %s, until: 2999-01-01T00:00:00Z}]}
            unsigned:
              image: x
              command: [x]
              webhook: {delay: 10ms, namedSecrets: {customer-a: {secret: %s}}}
          """
              .formatted(OWN, CUSTOMER, OTHER, OLD, CUSTOMER)
              .getBytes(UTF_8));

  private final DelivererFixture fixture = new DelivererFixture(ENDPOINTS);
  private final Queue<Request> requests = fixture.requests;
  private final Queue<WebhookAttempt> attempts = fixture.attempts;
  private final Queue<WebhookAttempt> letters = fixture.letters;

  @AfterEach
  void stop() {
    fixture.timer.shutdownNow();
  }

  @ParameterizedTest
  @ValueSource(strings = {"default", "unsigned"})
  void shouldSignWithTheSecretThatTheJobNamesAndNoOther(String endpoint) throws Exception {
    tell(endpoint, "customer-a");

    assertSignedWith(CUSTOMER);
  }

  @Test
  void shouldSignWithThoseThatTheNamedOneReplacesToo() throws Exception {
    tell("default", "customer-b");

    assertSignedWith(OTHER, OLD);
  }

  @Test
  void shouldSignWithTheEndpointsOwnWhenTheJobNamesNone() throws Exception {
    tell("default", "");

    assertSignedWith(OWN);
  }

  @ParameterizedTest
  @ValueSource(strings = {WebhookAttempt.MANUAL, WebhookAttempt.REDRIVE})
  void shouldSignWithTheNamedSecretWhenItIsToldAgain(String trigger) throws Exception {
    redeliver("default", "customer-a", trigger);

    assertSignedWith(CUSTOMER);
  }

  @ParameterizedTest
  @CsvSource({"default, customer-z", "unsigned, customer-b", "no-more, customer-a"})
  void shouldSendNothingWithoutTheSecretThatTheJobNames(String endpoint, String name)
      throws Exception {
    // when
    tell(endpoint, name);

    // then: like any other failure, and it says what to put back
    assertThat(requests).isEmpty();
    assertThat(attempts)
        .hasSize(3)
        .allSatisfy(
            attempt -> {
              assertThat(attempt.outcome()).isEqualTo("secret_missing");
              assertThat(attempt.detail())
                  .isEqualTo(
                      "Not sent: endpoint '%s' has no secret '%s' in the dispatcher's endpoints"
                          + " file",
                      endpoint, name);
            });
    assertThat(letters).hasSize(1).first().isEqualTo(List.copyOf(attempts).getLast());
  }

  @ParameterizedTest
  @ValueSource(strings = {WebhookAttempt.MANUAL, WebhookAttempt.REDRIVE})
  void shouldSendNothingAgainEitherWithoutTheSecret(String trigger) throws Exception {
    redeliver("default", "customer-z", trigger);

    assertThat(requests).isEmpty();
    assertThat(letters).extracting(WebhookAttempt::outcome).containsExactly("secret_missing");
  }

  /** The endpoints file is read at the start, so whoever puts a secret back starts it again. */
  @Test
  void shouldGoOnWhereItWasWhenTheSecretIsThereAgain() throws Exception {
    // given
    tell("default", "customer-z");
    fixture.past.add(attempts.remove());

    // when
    tell("default", "customer-a");

    // then
    assertSignedWith(CUSTOMER);
    assertThat(requests.element().headers()).containsEntry("webhook-attempt", "2");
  }

  private void assertSignedWith(String... secrets) {
    assertThat(requests).hasSize(1);
    var request = requests.element();
    var id = request.headers().getOrDefault("webhook-id", "");
    var signer =
        Signer.of(List.of(secrets).stream().map(it -> new Secret(it, Optional.empty())).toList());
    assertThat(request.headers())
        .containsEntry("webhook-signature", signer.sign(id, TIME, request.body()));
  }

  private void tell(String endpoint, String name) throws Exception {
    var end = new CompletableFuture<Boolean>();
    fixture
        .deliverer(_ -> answer(200))
        .tell(event(endpoint, name), RECEIVER, fixture.origin, () -> end.complete(true));
    end.get(30, TimeUnit.SECONDS);
  }

  private void redeliver(String endpoint, String name, String trigger) throws Exception {
    var end = new CompletableFuture<Boolean>();
    fixture
        .deliverer(_ -> answer(200))
        .redeliver(
            event(endpoint, name), RECEIVER, trigger, fixture.origin, () -> end.complete(true));
    end.get(30, TimeUnit.SECONDS);
  }

  private static LoggedEvent event(String endpoint, String name) {
    var meta =
        new EventMeta(
            new JobId("job-1"),
            new EndpointName(endpoint),
            1,
            1,
            TIME,
            "api",
            Optional.of(RECEIVER),
            Optional.of(name).filter(SecretName::isLegal).map(SecretName::new));
    return logged(new JobRequeued(meta, "retried: x", TIME));
  }
}
