package io.tallyman.api.http;

import io.javalin.config.RoutesConfig;
import io.javalin.http.Handler;
import io.javalin.http.HandlerType;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeSet;
import java.util.regex.Pattern;

/**
 * Which path answers which methods. Javalin matches what fits; the table tells what would have, so
 * that a wrong method is a 405 with {@code Allow} and {@code OPTIONS} has an answer.
 */
final class RouteTable {

  private final Map<String, Map<HandlerType, Handler>> byTemplate = new LinkedHashMap<>();
  private final Map<String, Pattern> patterns = new LinkedHashMap<>();

  /**
   * Adds a route.
   *
   * @param template such as {@code /v2/{endpoint}/run}
   */
  void add(String template, Handler handler, HandlerType... methods) {
    var route = byTemplate.computeIfAbsent(template, _ -> new LinkedHashMap<>());
    for (var method : methods) {
      route.put(method, handler);
    }
    patterns.put(template, Pattern.compile(template.replaceAll("\\{[a-z]+}", "[^/]+") + "/?"));
  }

  /** Adds a route under {@code /v2/{endpoint}}, and without it. */
  void addBoth(String path, Handler handler, HandlerType... methods) {
    add("/v2/{endpoint}" + path, handler, methods);
    add(path, handler, methods);
  }

  /** Tells Javalin. */
  void registerIn(RoutesConfig routes) {
    byTemplate.forEach(
        (template, route) ->
            route.forEach((method, handler) -> routes.addHttpHandler(method, template, handler)));
  }

  /**
   * Value of the header {@code Allow} for a path, such as {@code OPTIONS, POST}; empty: no route.
   */
  Optional<String> allowed(String path) {
    return patterns.entrySet().stream()
        .filter(entry -> entry.getValue().matcher(path).matches())
        .findFirst()
        .map(entry -> allow(byTemplate.getOrDefault(entry.getKey(), Map.of())));
  }

  /** All paths, for a hint. */
  List<String> templates() {
    return List.copyOf(byTemplate.keySet());
  }

  private static String allow(Map<HandlerType, Handler> route) {
    var names = new TreeSet<String>();
    route.keySet().forEach(method -> names.add(method.name()));
    names.add("OPTIONS");
    if (names.contains("GET")) {
      names.add("HEAD");
    }
    return String.join(", ", names);
  }
}
