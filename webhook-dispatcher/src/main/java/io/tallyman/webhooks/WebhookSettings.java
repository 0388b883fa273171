package io.tallyman.webhooks;

import io.tallyman.runtime.CommonSettings;
import io.tallyman.runtime.Variable;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Settings of the webhook-dispatcher. Attempts, delay, deadline, success and secret are per
 * endpoint, in the endpoints file.
 *
 * @param common Kafka, endpoints
 * @param group the consumer group: the dispatchers that share the work
 * @param instance name among them; the group keeps its place through a restart
 * @param maxInFlight requests at once
 */
public record WebhookSettings(
    CommonSettings common, String group, Optional<String> instance, int maxInFlight) {

  public static final Variable<String> GROUP =
      Variable.text(
          "TALLY_WEBHOOK_GROUP",
          "tally-webhooks",
          "Consumer group of the webhook-dispatchers that share the work; a new name tells every"
              + " event of the log again");

  public static final Variable<Optional<String>> INSTANCE =
      Variable.optionalText(
          "TALLY_DISPATCHER_ID",
          "Name of this webhook-dispatcher, no two live ones may share it: killed and started again"
              + " under its name it goes on at once; unset: its group waits 10 s for the killed"
              + " one");

  public static final Variable<Integer> MAX_IN_FLIGHT =
      Variable.number(
          "TALLY_WEBHOOK_MAX_IN_FLIGHT",
          2_000,
          1,
          20_000,
          "Webhook requests at once; each takes a file descriptor and about 17 KB of memory, 50 KB"
              + " with TLS. At most 100 of them go to one host and port, and four fifths are of one"
              + " endpoint");

  /** All of them. */
  public static final List<Variable<?>> ALL = List.of(GROUP, INSTANCE, MAX_IN_FLIGHT);

  /**
   * Reads them.
   *
   * @throws IllegalArgumentException when one is wrong; the message says which and why
   */
  public static WebhookSettings from(Map<String, String> environment) {
    return new WebhookSettings(
        CommonSettings.from(environment),
        GROUP.from(environment),
        INSTANCE.from(environment),
        MAX_IN_FLIGHT.from(environment));
  }
}
