package io.tallyman.chaos.record;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CanariesTest {

  @TempDir Path folder;

  @Test
  void shouldNameEachSecretThatItFinds() throws Exception {
    // given
    var clean = Files.writeString(folder.resolve("clean.log"), "started\nwhsec_ and no more\n");
    var dirty = folder.resolve("dirty.log");
    Files.writeString(
        dirty, "one\n\377\376 key=secret-1! secret-1\nsecret-1\nsecret-2", ISO_8859_1);

    // when
    var leaks = Canaries.leaks(List.of("secret-1", "secret-2", "secret-3"), List.of(clean, dirty));

    // then
    assertThat(leaks).containsExactly("dirty.log:2: secret-1", "dirty.log:4: secret-2");
  }

  @Test
  void shouldNotTakeAMissingFileForACleanOne() {
    assertThatThrownBy(() -> Canaries.leaks(List.of("x"), List.of(folder.resolve("none.log"))))
        .isInstanceOf(UncheckedIOException.class)
        .hasMessageContaining("none.log");
  }
}
