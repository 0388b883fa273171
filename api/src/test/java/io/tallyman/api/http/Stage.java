package io.tallyman.api.http;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.tallyman.api.Api;
import io.tallyman.api.ApiSettings;
import io.tallyman.api.http.Client.Answer;
import io.tallyman.api.kafka.ProcessorStandIn;
import io.tallyman.embedded.EmbeddedKafka;
import io.tallyman.embedded.EmbeddedRedis;
import io.tallyman.runtime.CommonSettings;
import io.tallyman.runtime.endpoints.Endpoints;
import io.tallyman.runtime.kafka.TopicSetup;
import io.tallyman.runtime.net.AddressPolicy;
import io.tallyman.schemas.Topics;
import io.tallyman.schemas.job.JobId;
import io.tallyman.schemas.job.JobStatus;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;

/** A broker, a Redis, a stand-in for the state-processor, an api that is ready, and a client. */
record Stage(
    Path folder,
    EmbeddedKafka broker,
    EmbeddedRedis server,
    ProcessorStandIn processor,
    Api api,
    Client client)
    implements AutoCloseable {

  static final Endpoints ENDPOINTS =
      Endpoints.parse(
          "test",
          """
          endpoints:
            default:
              image: busybox
              command: [sh]
              webhook:
                namedSecrets: {customer-a: {secret: whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw}}
            other: {image: busybox, command: [sh]}
          """
              .getBytes(UTF_8));

  static Stage start(Path folder) throws InterruptedException {
    var broker = EmbeddedKafka.start(folder.resolve("kafka"));
    var server = EmbeddedRedis.start(folder.resolve("redis"));
    TopicSetup.ensure(broker.bootstrapServers(), Topics.all(ENDPOINTS.names()));
    var processor = new ProcessorStandIn(broker.bootstrapServers());
    var api =
        Api.start(
            settings(
                folder.resolve("api"), broker.bootstrapServers(), server.url(), Optional.empty()));
    var client = new Client(api.port());
    Await.until("the api is ready", () -> client.get("/readyz").status() == 200);
    return new Stage(folder, broker, server, processor, api, client);
  }

  /** Of another api on this stage, with a folder of its own. */
  ApiSettings settings(String name, String kafka, String redis, Optional<Path> keyFile) {
    return settings(folder.resolve(name), kafka, redis, keyFile);
  }

  private static ApiSettings settings(
      Path folder, String kafka, String redis, Optional<Path> keyFile) {
    return new ApiSettings(
        new CommonSettings(kafka, redis, ENDPOINTS, folder, AddressPolicy.PUBLIC),
        "127.0.0.1",
        0,
        keyFile,
        Duration.ofSeconds(2));
  }

  String kafka() {
    return broker.bootstrapServers();
  }

  String redis() {
    return server.url();
  }

  JobId submit(String body) {
    var answer = client.post("/v2/default/run", body, "Content-Type", "application/json");
    assertThat(answer.status()).as(answer.body()).isEqualTo(200);
    assertThat(answer.view().status()).isEqualTo(JobStatus.IN_QUEUE);
    return answer.view().id();
  }

  void awaitSubmit(JobId job) {
    Await.until("the job is queued", () -> historyOf(job).contains("job.queued.v1"));
  }

  String historyOf(JobId job) {
    return client.get("/v2/default/history/" + job).body();
  }

  Answer statusOf(JobId job) {
    return client.get("/v2/default/status/" + job);
  }

  @Override
  public void close() {
    client.close();
    api.close();
    processor.close();
    server.close();
    broker.close();
  }
}
