package io.tallyman.api.http;

import static io.javalin.http.HandlerType.POST;

import io.javalin.http.Context;
import io.tallyman.runtime.endpoints.Endpoints;
import io.tallyman.schemas.job.EndpointName;
import io.tallyman.schemas.job.JobId;
import io.tallyman.schemas.json.MessageCodec;

/** What the routes have in common: the endpoint and the job of a path, bodies, answers. */
record Requests(Endpoints endpoints, Bodies bodies) {

  /**
   * Takes the body of a call that needs none.
   *
   * @throws Refusal when it is neither nothing nor a JSON object
   */
  void requireNoBody(Context context) {
    if (context.method().equals(POST)) {
      try (var body = bodies.read(context.req(), Bodies.OTHER_LIMIT)) {
        StrictJson.requireEmptyOrObject(body.bytes());
      }
    }
  }

  /**
   * The endpoint of the path.
   *
   * @throws Refusal 404 when it is not served
   */
  EndpointName endpoint(Context context) {
    var text = context.pathParamMap().get("endpoint");
    if (text == null) {
      text = EndpointName.DEFAULT.value();
    }
    if (EndpointName.isLegal(text)) {
      var name = new EndpointName(text);
      if (endpoints.named(name).isPresent()) {
        return name;
      }
    }
    throw Refusal.of(
        404,
        "unknown-endpoint",
        "Expected the name of an endpoint that is served, but this is none. Endpoints are defined"
            + " in the file that TALLY_ENDPOINTS_FILE names");
  }

  /**
   * The job of the path.
   *
   * @throws Refusal 404 when nothing can have this id
   */
  static JobId job(Context context) {
    var text = context.pathParam("id");
    if (!JobId.isLegal(text)) {
      throw unknownJob();
    }
    return new JobId(text);
  }

  static Refusal unknownJob() {
    return Refusal.of(
        404, "unknown-job", "Expected the id of a job of this endpoint, but there is no such job");
  }

  static void answer(Context context, Object document) {
    context.contentType("application/json").result(MessageCodec.encode(document));
  }
}
