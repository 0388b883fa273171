package io.tallyman.runtime.endpoints;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.tallyman.runtime.endpoints.Endpoint.Limits;
import io.tallyman.runtime.endpoints.Endpoint.Webhook;
import io.tallyman.schemas.job.EndpointName;
import io.tallyman.schemas.job.SecretName;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/** The endpoints file that {@code docs/configuration.md} shows is one. */
class EndpointsDocTest {

  private static final Path DOCUMENT = Path.of("../docs/configuration.md");
  private static final Pattern BLOCK = Pattern.compile("(?ms)^```yaml\\n(.*?)^```$");

  /** A real key in the document would be copied; one that is left out is no key. */
  private static final String LEFT_OUT = "whsec_…";

  private static final String KEY = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

  @Test
  void shouldShowAFileThatIsRead() throws IOException {
    // given
    var blocks = BLOCK.matcher(Files.readString(DOCUMENT)).results().toList();
    assertThat(blocks).hasSize(1);
    var yaml = blocks.getFirst().group(1);
    assertThat(yaml).contains(LEFT_OUT);

    // when
    var endpoints =
        Endpoints.parse(DOCUMENT.toString(), yaml.replace(LEFT_OUT, KEY).getBytes(UTF_8));

    // then: all that can be said is said, with the defaults as values
    var endpoint = endpoints.named(new EndpointName("resize")).orElseThrow();
    assertThat(endpoint.command()).containsExactly("sh", "-c", "./resize.sh");
    assertThat(endpoint.limits())
        .isEqualTo(new Limits(256L << 20, 1.0, 128, 64L << 20, 20_000_000, 1L << 20, false));
    var webhook = endpoint.webhook();
    assertThat(webhook.secret()).contains(KEY);
    assertThat(webhook.secrets().getLast().until()).contains(Instant.parse("2026-12-01T00:00:00Z"));
    assertThat(webhook.namedSecrets())
        .containsOnlyKeys(new SecretName("customer-a"), new SecretName("customer-b"));
    assertThat(webhook)
        .usingRecursiveComparison()
        .ignoringFields("secrets", "namedSecrets", "rate")
        .isEqualTo(Webhook.DEFAULT);
    assertThat(webhook.rate()).contains(50);
  }
}
