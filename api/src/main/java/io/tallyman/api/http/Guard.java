package io.tallyman.api.http;

import io.javalin.http.Context;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;

/** Lets in who has a key, and refuses keys where they would end up in somebody's log. */
final class Guard {

  /** Answered without a key: what watches over the process has none. */
  static final Set<String> PROBES = Set.of("/livez", "/readyz");

  private static final Set<String> KEY_NAMES =
      Set.of("api_key", "apikey", "api-key", "access_token", "authorization", "token");

  private final ApiKeys keys;

  Guard(ApiKeys keys) {
    this.keys = keys;
  }

  /**
   * Runs before every route.
   *
   * @throws Refusal 400 for a key in the query, 401 without a key
   */
  void check(Context context) {
    for (var name : queryNames(context)) {
      if (KEY_NAMES.contains(name.toLowerCase(Locale.ROOT))) {
        throw Refusal.of(
            400,
            "key-in-query",
            "Expected the key in the header 'Authorization: Bearer KEY', but it is in the URL,"
                + " where logs keep it. Replace that key, and send the new one in the header");
      }
    }
    if (PROBES.contains(context.path())) {
      return;
    }
    var credential = keys.credential(context.header("Authorization"));
    if (credential.isEmpty()) {
      throw new Refusal(
          401,
          "unauthorized",
          "Expected a valid key in the header 'Authorization: Bearer KEY', but there is none",
          List.of(),
          Map.of("WWW-Authenticate", "Bearer realm=\"tallyman\""));
    }
    context.attribute(JobRoutes.CREDENTIAL, credential.get());
  }

  private static Set<String> queryNames(Context context) {
    return context.queryString() == null ? Set.of() : context.queryParamMap().keySet();
  }
}
