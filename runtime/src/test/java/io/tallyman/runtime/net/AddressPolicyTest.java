package io.tallyman.runtime.net;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.net.InetAddress;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class AddressPolicyTest {

  @ParameterizedTest
  @ValueSource(
      strings = {
        "10.0.0.0/33",
        "10.0.0.0/-1",
        "10.0.0.1/8",
        "10.0.0.0/x",
        "10.0.0.0/",
        "fc00::/129",
        "fc00::1/7",
        "10.0.0",
        "010.0.0.0/8",
        "http://a.test",
        "a_b",
        "*.a.test",
      })
  void shouldRefuseAListThatIsNone(String allowed) {
    assertThatThrownBy(() -> AddressPolicy.allowing("::1, " + allowed))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("Expected");
  }

  @Test
  void shouldAllowBlocksWithoutAByteInCommon() {
    var policy = AddressPolicy.allowing(" 172.20.0.0/14 , FD12:3400::/23 ");

    assertThat(policy.objectionTo(InetAddress.ofLiteral("172.23.255.255"))).isEmpty();
    assertThat(policy.objectionTo(InetAddress.ofLiteral("172.24.0.0"))).isPresent();
    assertThat(policy.objectionTo(InetAddress.ofLiteral("172.19.255.255"))).isPresent();
    assertThat(policy.objectionTo(InetAddress.ofLiteral("fd12:35ff::1"))).isEmpty();
    assertThat(policy.objectionTo(InetAddress.ofLiteral("fd12:3600::1"))).isPresent();
  }

  @Test
  void shouldShowItsListAsItWasGiven() {
    assertThat(AddressPolicy.allowing(" 127.0.0.0/8,localhost "))
        .hasToString("127.0.0.0/8,localhost");
    assertThat(AddressPolicy.PUBLIC).hasToString("");
  }
}
