package io.tallyman.webhooks.delivery;

import io.tallyman.runtime.endpoints.Endpoint.Success;
import io.tallyman.schemas.job.RawJson;
import java.net.URI;
import java.time.Duration;
import java.util.Map;

/** Makes requests to receivers. */
public interface Sender {

  /** Prepares a request; nothing is sent before {@link Exchange#run}. */
  Exchange prepare(Request request);

  /**
   * A POST of JSON.
   *
   * @param url where to
   * @param headers beside {@code content-type} and {@code user-agent}
   * @param body the bytes, sent as they are
   * @param deadline for all of it, from the name lookup to the last byte that is read
   * @param success which answers acknowledge
   */
  record Request(
      URI url, Map<String, String> headers, RawJson body, Duration deadline, Success success) {}

  /** One request and its answer. */
  interface Exchange {

    /** Sends it and waits, on the caller's thread, until there is an answer or the deadline. */
    Outcome run();

    /** Ends it at once, from another thread; {@link #run} then tells INTERRUPTED. */
    void cancel();
  }
}
