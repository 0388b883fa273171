package io.tallyman.runner.files;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.tallyman.runner.files.FileLists.NamedUrl;
import io.tallyman.schemas.job.RawJson;
import io.tallyman.schemas.json.MalformedMessage;
import io.tallyman.schemas.json.MessageCodec;
import java.util.List;
import java.util.Optional;

/** Tells in a job's result which files were uploaded. */
final class ResultImages {

  private ResultImages() {}

  /**
   * The result with the member {@code images}: a list of {@code {"filename","type":"uploaded",
   * "url"}}. An object keeps its other members byte for byte; any other value becomes the member
   * {@code output} of a new object.
   */
  static RawJson merge(Optional<RawJson> result, List<NamedUrl> uploaded) {
    var images =
        new String(
            MessageCodec.encode(
                uploaded.stream()
                    .map(file -> new Image(file.name(), "uploaded", file.url()))
                    .toList()),
            UTF_8);
    if (result.isEmpty()) {
      return RawJson.of("{\"images\":%s}".formatted(images));
    }
    var text = result.get().toString();
    if (!text.startsWith("{")) {
      return RawJson.of("{\"output\":%s,\"images\":%s}".formatted(text, images));
    }
    return RawJson.of("{%s\"images\":%s}".formatted(otherMembers(text), images));
  }

  /** The members of an object but {@code images}, each with a comma after it. */
  private static String otherMembers(String object) {
    var kept = new StringBuilder();
    int depth = 0;
    int from = 1;
    for (int i = 0; i < object.length(); i++) {
      switch (object.charAt(i)) {
        case '"' -> i = endOfString(object, i);
        case '{', '[' -> depth++;
        case '}', ']' -> depth--;
        default -> {
          // Part of a number, a word or white space.
        }
      }
      var isEnd = depth == 0 || (depth == 1 && object.charAt(i) == ',');
      if (isEnd) {
        var member = object.substring(from, i);
        if (!member.isBlank() && !key(member).equals("images")) {
          kept.append(member.strip()).append(',');
        }
        from = i + 1;
      }
    }
    return kept.toString();
  }

  private static int endOfString(String json, int from) {
    int i = from + 1;
    while (json.charAt(i) != '"') {
      i += json.charAt(i) == '\\' ? 2 : 1;
    }
    return i;
  }

  private static String key(String member) {
    var from = member.indexOf('"');
    var quoted = member.substring(from, endOfString(member, from) + 1);
    try {
      return MessageCodec.decode(String.class, quoted.getBytes(UTF_8));
    } catch (MalformedMessage e) {
      throw new IllegalStateException("Expected a checked JSON object, but got a broken key", e);
    }
  }

  private record Image(String filename, String type, String url) {}
}
