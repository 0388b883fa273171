package io.tallyman.runner.files;

import io.tallyman.schemas.job.RawJson;
import io.tallyman.schemas.json.MalformedMessage;
import io.tallyman.schemas.json.MessageCodec;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/**
 * The files that an input asks for: its members {@code download_urls} and {@code upload_urls}, each
 * a list of {@code {"name","url"}}. Members of another shape are the container's own business.
 */
record FileLists(List<NamedUrl> downloads, List<NamedUrl> uploads) {

  /** More in one list is a mistake; each is a connection and a file. */
  static final int MAX_FILES = 64;

  private static final FileLists NONE = new FileLists(List.of(), List.of());

  FileLists {
    downloads = List.copyOf(downloads);
    uploads = List.copyOf(uploads);
  }

  /** A file's name within the job's folder, and where it comes from or goes to. */
  record NamedUrl(String name, String url) {

    /**
     * Where the file is.
     *
     * @throws IllegalArgumentException when the name leads out of the folder, or to no file
     */
    Path in(Path folder) {
      if (!name.isEmpty() && name.indexOf('\0') < 0 && name.indexOf('\\') < 0) {
        var path = folder.resolve(name).normalize();
        if (!Path.of(name).isAbsolute()
            && path.startsWith(folder)
            && !path.equals(folder)
            && !name.endsWith("/")
            && !List.of(name.split("/", -1)).contains("..")) {
          return path;
        }
      }
      throw new IllegalArgumentException(
          "Expected a file name inside the job's folder, but got '%s'"
              .formatted(name.substring(0, Math.min(100, name.length()))));
    }
  }

  /** The lists of an input. */
  static FileLists of(RawJson input) {
    try {
      var members = MessageCodec.decode(Members.class, input.bytes());
      return new FileLists(list(members.download_urls), list(members.upload_urls));
    } catch (MalformedMessage _) {
      // Not an object.
      return NONE;
    }
  }

  private static List<NamedUrl> list(Optional<RawJson> member) throws MalformedMessage {
    if (member.isEmpty() || !member.get().toString().startsWith("[")) {
      return List.of();
    }
    return List.of(MessageCodec.decode(NamedUrl[].class, member.get().bytes()));
  }

  /** As on the wire. */
  @SuppressWarnings("MemberName") // The names of the protocol.
  private record Members(Optional<RawJson> download_urls, Optional<RawJson> upload_urls) {}
}
