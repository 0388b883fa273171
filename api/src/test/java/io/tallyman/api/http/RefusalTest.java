package io.tallyman.api.http;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class RefusalTest {

  @Test
  void shouldSayWhenToRepeatWithEach503() {
    var stopping = Refusal.of(503, "stopping", "Expected to go on, but this service stops");
    var busy =
        new Refusal(503, "busy", "Expected room, but …", List.of(), Map.of("Retry-After", "2"));

    assertThat(stopping.headers()).containsExactly(Map.entry("Retry-After", "1"));
    assertThat(busy.headers()).containsExactly(Map.entry("Retry-After", "2"));
    assertThat(Refusal.of(404, "unknown-job", "Expected a job").headers()).isEmpty();
  }
}
