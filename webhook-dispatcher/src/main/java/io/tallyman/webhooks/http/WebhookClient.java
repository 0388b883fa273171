package io.tallyman.webhooks.http;

import io.tallyman.webhooks.delivery.Outcome;
import io.tallyman.webhooks.delivery.Outcome.Kind;
import io.tallyman.webhooks.delivery.Sender;
import java.net.URI;
import java.util.concurrent.ScheduledExecutorService;
import org.apache.hc.client5.http.config.ConnectionConfig;
import org.apache.hc.client5.http.config.RequestConfig;
import org.apache.hc.client5.http.impl.classic.CloseableHttpClient;
import org.apache.hc.client5.http.impl.classic.HttpClients;
import org.apache.hc.client5.http.impl.io.ManagedHttpClientConnectionFactory;
import org.apache.hc.client5.http.impl.io.PoolingHttpClientConnectionManagerBuilder;
import org.apache.hc.core5.http.config.Http1Config;
import org.apache.hc.core5.io.CloseMode;
import org.apache.hc.core5.util.TimeValue;
import org.apache.hc.core5.util.Timeout;

/**
 * The HTTP client for receivers nobody vouches for. It does what it is told once and nothing by
 * itself: no retry, redirect, cookie, credential or decompression; and only the deadline decides
 * how long a receiver may take. Thread-safe.
 *
 * <p>Apache HttpClient 5 and not the JDK's: its requests can be cancelled at any point, and a later
 * address policy has one place, the resolver.
 */
public final class WebhookClient implements Sender, AutoCloseable {

  /** The default of 32 KiB takes 105 KB of heap per request in flight, this one 17 KB. */
  private static final int BUFFER_BYTES = 2_048;

  private static final int MAX_HEADERS = 100;
  private static final int MAX_LINE = 8_192;

  /** Receivers and their proxies commonly close an idle connection after 60 s. */
  private static final TimeValue MAX_IDLE = TimeValue.ofSeconds(30);

  /** A connection idle for longer is checked before use; the check takes up to 1 ms. */
  private static final TimeValue TRUSTED_IDLE = TimeValue.ofMilliseconds(200);

  private static final int MAX_PORT = 65_535;
  private static final Exchange REFUSED = new Refused();

  private final CloseableHttpClient client;
  private final ScheduledExecutorService timer;

  /**
   * A client without connections.
   *
   * @param userAgent the header {@code user-agent}
   * @param maxInFlight requests at once; callers keep to it
   * @param timer ends requests at their deadline
   */
  public WebhookClient(String userAgent, int maxInFlight, ScheduledExecutorService timer) {
    this.timer = timer;
    this.client =
        HttpClients.custom()
            .setUserAgent(userAgent)
            .setConnectionManager(
                PoolingHttpClientConnectionManagerBuilder.create()
                    .setConnectionFactory(
                        ManagedHttpClientConnectionFactory.builder()
                            .http1Config(
                                Http1Config.custom()
                                    .setBufferSize(BUFFER_BYTES)
                                    .setMaxHeaderCount(MAX_HEADERS)
                                    .setMaxLineLength(MAX_LINE)
                                    .build())
                            .build())
                    .setDefaultConnectionConfig(
                        ConnectionConfig.custom()
                            // Only the deadline of the request ends a wait.
                            .setConnectTimeout(Timeout.DISABLED)
                            .setSocketTimeout(Timeout.DISABLED)
                            .setValidateAfterInactivity(TRUSTED_IDLE)
                            .build())
                    // The slots bound the requests; no request ever waits for a connection.
                    .setMaxConnTotal(maxInFlight)
                    .setMaxConnPerRoute(maxInFlight)
                    .build())
            .setDefaultRequestConfig(
                RequestConfig.custom()
                    .setExpectContinueEnabled(false)
                    .setProtocolUpgradeEnabled(false)
                    .setRedirectsEnabled(false)
                    .setAuthenticationEnabled(false)
                    .setConnectionRequestTimeout(Timeout.DISABLED)
                    .build())
            .disableAutomaticRetries()
            .disableRedirectHandling()
            .disableCookieManagement()
            .disableAuthCaching()
            .disableContentCompression()
            .disableConnectionState()
            .evictExpiredConnections()
            .evictIdleConnections(MAX_IDLE)
            .build();
  }

  @Override
  public Exchange prepare(Request request) {
    return canBeAsked(request.url()) ? new ApacheExchange(client, timer, request) : REFUSED;
  }

  @Override
  public void close() {
    client.close(CloseMode.IMMEDIATE);
  }

  private static boolean canBeAsked(URI url) {
    return ("http".equalsIgnoreCase(url.getScheme()) || "https".equalsIgnoreCase(url.getScheme()))
        && url.getHost() != null
        && url.getRawUserInfo() == null
        && url.getPort() <= MAX_PORT;
  }

  private static final class Refused implements Exchange {
    @Override
    public Outcome run() {
      return Outcome.failed(
          Kind.INVALID, "Expected http or https, a host, a port and no user-info in the URL");
    }

    @Override
    public void cancel() {
      // Nothing runs.
    }
  }
}
