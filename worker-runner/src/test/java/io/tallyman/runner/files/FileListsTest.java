package io.tallyman.runner.files;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.tallyman.runner.files.FileLists.NamedUrl;
import io.tallyman.schemas.job.RawJson;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class FileListsTest {

  private static final Path FOLDER = Path.of("/data/attempts/tally-j-a1");

  @Test
  void shouldReadBothLists() {
    var lists =
        FileLists.of(
            RawJson.of(
                """
                {"x":1,"upload_urls":[{"name":"b","url":"u2","more":1}],"download_urls":[{"name":"a","url":"u1"}]}
                """));

    assertThat(lists.downloads()).containsExactly(new NamedUrl("a", "u1"));
    assertThat(lists.uploads()).containsExactly(new NamedUrl("b", "u2"));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{}",
        "[]",
        "\"text\"",
        "null",
        "{\"download_urls\":null,\"upload_urls\":null}",
        "{\"upload_urls\":{\"wav_url\":\"http://x\"},\"download_urls\":\"http://x\"}"
      })
  void shouldLeaveOtherShapesToTheContainer(String input) {
    assertThat(FileLists.of(RawJson.of(input))).isEqualTo(new FileLists(List.of(), List.of()));
  }

  @ParameterizedTest
  @ValueSource(strings = {"a.png", "head/a.png", "..a", "a..b/c", "./a"})
  void shouldKeepNamesInsideTheFolder(String name) {
    assertThat(new NamedUrl(name, "u").in(FOLDER)).startsWithRaw(FOLDER).isNotEqualTo(FOLDER);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        ".",
        "..",
        "../a",
        "a/../b",
        "a/..",
        "/a",
        "a/",
        "a\0b",
        "a\\..\\b",
        "a/../../b"
      })
  void shouldRefuseNamesThatLeaveTheFolderOrNameNoFile(String name) {
    assertThatThrownBy(() -> new NamedUrl(name, "u").in(FOLDER))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageStartingWith("Expected a file name inside the job's folder");
  }
}
