package io.tallyman.runner.files;

import static org.assertj.core.api.Assertions.assertThat;

import io.tallyman.runner.files.FileLists.NamedUrl;
import io.tallyman.schemas.job.RawJson;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ResultImagesTest {

  private static final String IMAGES =
      "\"images\":[{\"filename\":\"a.png\",\"type\":\"uploaded\",\"url\":\"http://x/?q=\\\"1\\\"\"}]";
  private static final List<NamedUrl> UPLOADED =
      List.of(new NamedUrl("a.png", "http://x/?q=\"1\""));

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "{}|{%s}",
        "{ \"a\" : 1.0 }|{\"a\" : 1.0,%s}",
        "{\"images\":1}|{%s}",
        "{\"im\\u0061ges\":{\"images\":[2]},\"b\":\"}\\\\\"}|{\"b\":\"}\\\\\",%s}",
        "{\"a\":\"x,\\\"y\",\"images\":[\"]\"],\"b\":{\"images\":1}}|{\"a\":\"x,\\\"y\",\"b\":{\"images\":1},%s}",
        "[1,2]|{\"output\":[1,2],%s}",
        "null|{\"output\":null,%s}",
      })
  void shouldReplaceTheMemberAndKeepTheOthersByteForByte(String before, String after) {
    assertThat(ResultImages.merge(Optional.of(RawJson.of(before)), UPLOADED))
        .isEqualTo(RawJson.of(after.formatted(IMAGES)));
  }

  @Test
  void shouldBeTheWholeResultWhenThereIsNoOther() {
    assertThat(ResultImages.merge(Optional.empty(), UPLOADED))
        .isEqualTo(RawJson.of("{%s}".formatted(IMAGES)));
  }
}
