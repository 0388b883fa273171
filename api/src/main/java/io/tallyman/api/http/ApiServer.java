package io.tallyman.api.http;

import io.javalin.Javalin;
import io.javalin.compression.CompressionStrategy;
import io.javalin.config.JavalinConfig;
import io.javalin.http.Context;
import io.javalin.http.HandlerType;
import io.javalin.http.HttpResponseException;
import io.tallyman.api.jobs.Jobs;
import io.tallyman.api.views.Unavailable;
import io.tallyman.runtime.Service.Health;
import io.tallyman.runtime.http.HealthServer;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import org.eclipse.jetty.http.HttpCompliance;
import org.eclipse.jetty.http.HttpException;
import org.eclipse.jetty.server.HttpConfiguration;
import org.eclipse.jetty.server.HttpConnectionFactory;
import org.eclipse.jetty.server.ServerConnector;
import org.eclipse.jetty.server.handler.GracefulHandler;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The HTTP server: routes behind the guard, and every failure as a problem document. */
public final class ApiServer implements AutoCloseable {

  private static final Logger LOG = LoggerFactory.getLogger(ApiServer.class);

  /** How long answers may take that are under way when the service stops. */
  private static final Duration STOP_LIMIT = Duration.ofMillis(1_500);

  private final RouteTable table = new RouteTable();
  private final Guard guard;
  private final Jobs jobs;
  private final Supplier<List<Health>> health;
  private final Javalin javalin;

  /** Listens when it is made. */
  public ApiServer(Listen listen, ApiKeys keys, Jobs jobs, Supplier<List<Health>> health) {
    this.guard = new Guard(keys);
    this.jobs = jobs;
    this.health = health;
    this.javalin = Javalin.create(config -> configure(config, listen));
    javalin.start();
  }

  /**
   * Where to listen.
   *
   * @param port 0: any free one
   * @param idle how long a connection may be silent while it should send
   */
  public record Listen(String host, int port, Duration idle) {}

  /** The port it listens on. */
  public int port() {
    return javalin.port();
  }

  /** Takes no new request, and gives those under way {@code 1.5 s}. */
  @Override
  public void close() {
    javalin.stop();
  }

  private void configure(JavalinConfig config, Listen listen) {
    config.concurrency.useVirtualThreads = true;
    config.startup.showJavalinBanner = false;
    config.startup.showOldJavalinVersionWarning = false;
    config.startup.startupWatcherEnabled = false;
    config.http.compressionStrategy = CompressionStrategy.NONE;
    // Ours are enforced while the body is read.
    config.http.maxRequestSize = 2L * Bodies.RUNSYNC_LIMIT;
    configureJetty(config, listen);

    table.add("/livez", context -> text(context, 200, "ok\n"), HandlerType.GET);
    table.add("/readyz", this::readiness, HandlerType.GET);
    var requests = new Requests(jobs.endpoints(), new Bodies());
    new JobRoutes(jobs, requests).addTo(table);
    new WebhookRoutes(requests, jobs.webhooks()).addTo(table);
    config.routes.before(guard::check);
    table.registerIn(config.routes);
    config.routes.exception(Refusal.class, (refusal, context) -> answer(context, refusal));
    config.routes.exception(
        Unavailable.class, (unavailable, context) -> answer(context, refusal(unavailable)));
    config.routes.exception(HttpResponseException.class, (e, context) -> unmatched(context, e));
    config.routes.exception(Exception.class, (e, context) -> answer(context, unexpected(e)));
    config.router.javaLangErrorHandler(ApiServer::machineError);
  }

  private static void configureJetty(JavalinConfig config, Listen listen) {
    config.jetty.modifyHttpConfiguration(ApiServer::configureHttp);
    config.jetty.addConnector(
        (server, http) -> {
          var connector = new ServerConnector(server, new HttpConnectionFactory(http));
          connector.setHost(listen.host());
          connector.setPort(listen.port());
          connector.setIdleTimeout(listen.idle().toMillis());
          return connector;
        });
    config.jetty.modifyServer(
        server -> {
          server.setErrorHandler(new JettyProblems());
          server.setHandler(new GracefulHandler());
          server.setStopTimeout(STOP_LIMIT.toMillis());
        });
    config.jetty.modifyServletContextHandler(
        handler -> handler.setErrorHandler(new JettyProblems()));
  }

  private static void configureHttp(HttpConfiguration http) {
    http.setSendServerVersion(false);
    http.setSendXPoweredBy(false);
    http.setHttpCompliance(HttpCompliance.STRICT);
  }

  private void readiness(Context context) {
    var all = health.get();
    text(context, all.stream().allMatch(Health::isReady) ? 200 : 503, HealthServer.describe(all));
  }

  private void unmatched(Context context, HttpResponseException e) {
    var allowed = table.allowed(context.path());
    if (e.getStatus() != 404 && e.getStatus() != 405) {
      answer(context, Refusal.of(e.getStatus(), "bad-request", "Expected another request"));
    } else if (allowed.isEmpty()) {
      answer(
          context,
          Refusal.of(
              404,
              "unknown-path",
              "Expected the path of a route, but this is none. Such as POST /v2/default/run, GET"
                  + " /v2/default/status/{id}, GET /v2/default/health"));
    } else if (context.req().getMethod().equals("OPTIONS")) {
      context.status(204).header("Allow", allowed.get()).result("");
    } else {
      answer(
          context,
          new Refusal(
              405,
              "method-not-allowed",
              "Expected one of the methods %s here, but got another".formatted(allowed.get()),
              List.of(),
              Map.of("Allow", allowed.get())));
    }
  }

  private static Refusal refusal(Unavailable unavailable) {
    return Refusal.of(503, unavailable.reason().code(), unavailable.detail());
  }

  private static Refusal unexpected(Exception e) {
    if (e instanceof HttpException http) {
      return Refusal.of(
          http.getCode(), "bad-request", "Expected a well-formed HTTP request, but it is not");
    }
    LOG.error("a request failed unexpectedly", e);
    return Refusal.of(500, "internal-error", JettyProblems.INTERNAL_ERROR);
  }

  /** Javalin gives no context here; {@link JettyProblems} makes the document. */
  private static void machineError(HttpServletResponse response, Error error) {
    LOG.error("a request ended in an error of the machine", error);
    try {
      response.sendError(500);
    } catch (IOException | IllegalStateException e) {
      LOG.warn("the answer had begun and breaks off: {}", e.toString());
    }
  }

  private static void answer(Context context, Refusal refusal) {
    refusal.headers().forEach(context::header);
    context
        .status(refusal.status())
        .contentType(Problem.CONTENT_TYPE)
        .result(refusal.problem(context.req().getRequestURI()).json());
  }

  private static void text(Context context, int status, String text) {
    context.status(status).contentType("text/plain; charset=utf-8").result(text);
  }
}
