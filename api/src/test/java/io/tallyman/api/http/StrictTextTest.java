package io.tallyman.api.http;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.Random;
import org.junit.jupiter.api.Test;

class StrictTextTest {

  /** As the JDK's strict decoder sees it, on bytes that are nearly right. */
  @Test
  void shouldAgreeWithTheJdkOnWhatIsUtf8() {
    var random = new Random(42);
    var interesting = "aé€😀\u0800\uffff\ud7ff\ue000".getBytes(StandardCharsets.UTF_8);
    var refused = 0;
    for (int round = 0; round < 50_000; round++) {
      var bytes = interesting.clone();
      var changes = random.nextInt(3);
      for (int i = 0; i < changes; i++) {
        var change = (byte) random.nextInt(256);
        bytes[random.nextInt(bytes.length)] = change == '\\' ? (byte) 'x' : change;
      }
      var isUtf8 = isUtf8(bytes);
      refused += isUtf8 ? 0 : 1;
      assertThat(isTaken(bytes)).as("round %d", round).isEqualTo(isUtf8);
    }
    assertThat(refused).isBetween(1_000, 49_000);
  }

  private static boolean isTaken(byte[] bytes) {
    try {
      StrictText.check(bytes);
      return true;
    } catch (Refusal e) {
      return false;
    }
  }

  private static boolean isUtf8(byte[] bytes) {
    try {
      StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes));
      return true;
    } catch (CharacterCodingException e) {
      return false;
    }
  }
}
