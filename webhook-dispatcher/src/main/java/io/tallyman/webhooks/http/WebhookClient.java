package io.tallyman.webhooks.http;

import io.tallyman.runtime.net.ReceiverUrl;
import io.tallyman.runtime.net.VettedResolver;
import io.tallyman.webhooks.delivery.Outcome;
import io.tallyman.webhooks.delivery.Outcome.Kind;
import io.tallyman.webhooks.delivery.Sender;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.concurrent.ScheduledExecutorService;
import javax.net.ssl.SSLContext;
import org.apache.hc.client5.http.DnsResolver;
import org.apache.hc.client5.http.config.ConnectionConfig;
import org.apache.hc.client5.http.config.RequestConfig;
import org.apache.hc.client5.http.impl.classic.CloseableHttpClient;
import org.apache.hc.client5.http.impl.classic.HttpClients;
import org.apache.hc.client5.http.impl.io.ManagedHttpClientConnectionFactory;
import org.apache.hc.client5.http.impl.io.PoolingHttpClientConnectionManagerBuilder;
import org.apache.hc.client5.http.ssl.DefaultClientTlsStrategy;
import org.apache.hc.core5.http.config.Http1Config;
import org.apache.hc.core5.io.CloseMode;
import org.apache.hc.core5.ssl.SSLContexts;
import org.apache.hc.core5.util.TimeValue;
import org.apache.hc.core5.util.Timeout;

/**
 * The HTTP client for receivers nobody vouches for. It does what it is told once and nothing by
 * itself: no retry, redirect, cookie, credential or decompression; and only the deadline decides
 * how long a receiver may take. Thread-safe.
 *
 * <p>Apache HttpClient 5 and not the JDK's: its requests can be cancelled at any point, and it asks
 * our resolver for every address, literal ones too, and connects to no other. So the address policy
 * has one place.
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

  private final CloseableHttpClient client;
  private final VettedResolver resolver;
  private final ScheduledExecutorService timer;

  /**
   * A client without connections.
   *
   * @param userAgent the header {@code user-agent}
   * @param maxInFlight requests at once; callers keep to it
   * @param resolver where addresses come from; closed with the client
   * @param timer ends requests at their deadline
   */
  public WebhookClient(
      String userAgent, int maxInFlight, VettedResolver resolver, ScheduledExecutorService timer) {
    this(userAgent, maxInFlight, resolver, timer, SSLContexts.createDefault());
  }

  /**
   * The same with other authorities than the JVM's.
   *
   * @param tls whom to trust; names are checked whoever vouches for them
   */
  WebhookClient(
      String userAgent,
      int maxInFlight,
      VettedResolver resolver,
      ScheduledExecutorService timer,
      SSLContext tls) {
    this.resolver = resolver;
    this.timer = timer;
    this.client =
        HttpClients.custom()
            .setUserAgent(userAgent)
            .setConnectionManager(
                PoolingHttpClientConnectionManagerBuilder.create()
                    .setDnsResolver(new Vetted(resolver))
                    .setTlsSocketStrategy(new DefaultClientTlsStrategy(tls))
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
    return ReceiverUrl.mistakeIn(request.url().toString(), resolver.policy())
        .<Exchange>map(Refused::new)
        .orElseGet(() -> new ApacheExchange(client, resolver, timer, request));
  }

  @Override
  public void close() {
    client.close(CloseMode.IMMEDIATE);
    resolver.close();
  }

  /** The client's way to our resolver. */
  private record Vetted(VettedResolver resolver) implements DnsResolver {
    @Override
    public InetAddress[] resolve(String host) throws UnknownHostException {
      return resolver.resolve(host).toArray(InetAddress[]::new);
    }

    @Override
    public String resolveCanonicalHostname(String host) {
      return host;
    }
  }

  private record Refused(String mistake) implements Exchange {
    @Override
    public Outcome run() {
      return Outcome.failed(Kind.INVALID_URL, "Expected " + mistake);
    }

    @Override
    public void cancel() {
      // Nothing runs.
    }
  }
}
