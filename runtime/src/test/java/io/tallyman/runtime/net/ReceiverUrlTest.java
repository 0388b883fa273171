package io.tallyman.runtime.net;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ReceiverUrlTest {

  /** Hosts that lead inside, in every notation that some program understands. */
  @ParameterizedTest
  @ValueSource(
      strings = {
        "127.0.0.1",
        "127.1",
        "127.0.1",
        "2130706433",
        "0x7f000001",
        "0x7f.1",
        "0x7F.0.0.0x1",
        "0177.0.0.1",
        "017700000001",
        "127.0.0.01",
        "127.00.0.1",
        "0",
        "0.0.0.0",
        "127.0.0.1.",
        "localhost",
        "LOCALHOST",
        "localhost.",
        "a.localhost",
        "127.127.127.127",
        "256.0.0.1",
        "127.0.0.1.0",
        "1.2.3",
        "a.0x7f",
        "a.1",
        "[::]",
        "[::1]",
        "[0:0:0:0:0:0:0:1]",
        "[::ffff:127.0.0.1]",
        "[::ffff:7f00:1]",
        "[::ffff:8.8.8.8]",
        "[::127.0.0.1]",
        "[::ffff:0:127.0.0.1]",
        "[64:ff9b::7f00:1]",
        "[64:ff9b:1::7f00:1]",
        "[2002:7f00:1::]",
        "[2001:0:4136:e378:8000:63bf:3fff:fdd2]",
        "[2001:10::1]",
        "[2001:20::1]",
        "[2001:db8::1]",
        "[3fff::1]",
        "[fe80::1]",
        "[fe80::1%25eth0]",
        "[fe80::1%eth0]",
        "[fec0::1]",
        "[fc00::1]",
        "[fd00:ec2::254]",
        "[ff02::1]",
        "[100::1]",
        "[5f00::1]",
        "[4000::1]",
        "[::1",
        "::1",
        "[127.0.0.1]",
        "[]",
        "169.254.169.254",
        "169.254.170.2",
        "100.100.100.200",
        "100.64.0.1",
        "168.63.129.16",
        "192.0.0.192",
        "192.0.2.1",
        "192.88.99.1",
        "198.18.0.1",
        "198.19.255.255",
        "198.51.100.1",
        "203.0.113.1",
        "240.0.0.1",
        "255.255.255.255",
        "224.0.0.1",
        "10.0.0.1",
        "10.255.255.255",
        "172.16.0.1",
        "172.31.255.255",
        "192.168.0.1",
        "①②⑦.⓪.⓪.①",
        "１２７.0.0.1",
        "127。0。0。1",
        "ⓛocalhost",
        "аpple.test",
        "a..b",
        "-a.test",
        "a_b.test",
        "a b",
        "",
        "user@127.0.0.1",
        "a.test:80@127.0.0.1",
        "127.0.0.1%00.a.test",
        "127.0.0.1\\@a.test",
        "a.test%2f@127.0.0.1",
      })
  void shouldRefuseTheHost(String host) {
    for (var scheme : new String[] {"http", "https", "HTTPS"}) {
      assertThat(ReceiverUrl.mistakeIn(scheme + "://" + host + "/hook", AddressPolicy.PUBLIC))
          .as(scheme)
          .isPresent();
    }
  }

  /** What lies just beside the blocks, and ordinary receivers. */
  @ParameterizedTest
  @ValueSource(
      strings = {
        "100.63.255.254",
        "100.128.0.1",
        "172.15.255.255",
        "172.32.0.0",
        "198.17.255.255",
        "198.20.0.0",
        "11.0.0.0",
        "9.255.255.255",
        "126.255.255.255",
        "128.0.0.1",
        "1.1.1.1",
        "169.253.255.255",
        "169.255.0.0",
        "192.0.1.0",
        "192.0.3.0",
        "192.167.255.255",
        "192.169.0.0",
        "223.255.255.255",
        "168.63.129.15",
        "168.63.129.17",
        "[2600::1]",
        "[2001:4860:4860::8888]",
        "[2001:200::1]",
        "[2001:db7::1]",
        "[2001:db9::1]",
        "[2003::1]",
        "[3ffe::1]",
        "[3fff:1000::1]",
        "a.test",
        "A.Test",
        "xn--pple-43d.test",
        "1a.test",
        "a-b.c",
        "localhost.a.test",
        "notlocalhost",
        "127.0.0.1.a.test",
        "a.test:8443",
        "a.test:1024",
        "a.test:65535",
        "a.test:443",
        "hooks",
        "0x7f.test",
      })
  void shouldTakeTheHost(String host) {
    assertThat(ReceiverUrl.mistakeIn("https://" + host + "/hook?a=%20b", AddressPolicy.PUBLIC))
        .isEmpty();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "https://user:pw@a.test/",
        "https://user@a.test/",
        "https://@a.test/",
        "https://a.test#frag",
        "https://a.test/#",
        "https://a.test:0/",
        "https://a.test:65536/",
        "https://a.test:99999999999/",
        "https://a.test:-1/",
        "https://a.test:22/",
        "https://a.test:25/",
        "https://a.test:81/",
        "https://a.test:6379/",
        "https://a.test:9092/",
        "https://a.test:2375/",
        "file:///etc/passwd",
        "gopher://a.test/",
        "ftp://a.test/",
        "jar:https://a.test/x.jar!/",
        "javascript:alert(1)",
        "http:a.test",
        "http:/a.test",
        "//a.test/",
        "/x",
        "",
        "a.test",
        "https://ho st/",
        "https://a.test/a b",
        "https://a.test/\r\nX: 1",
        "https://a.test/\u0000",
        "https://a.test/\u007f",
        "https://a.test/ü",
        "https://a.test\\@b.test/",
        "https://a.test/%zz",
        "https:///x",
        "https://?x",
        "unix:///var/run/docker.sock",
      })
  void shouldRefuseTheUrl(String url) {
    assertThat(ReceiverUrl.mistakeIn(url, AddressPolicy.PUBLIC)).isPresent();
  }

  @Test
  void shouldRefuseWhatIsTooLong() {
    assertThat(ReceiverUrl.mistakeIn("http://a.test/" + "x".repeat(10_000), AddressPolicy.PUBLIC))
        .hasValueSatisfying(text -> assertThat(text).contains("2048").hasSizeLessThan(200));
    assertThat(ReceiverUrl.mistakeIn("http://" + "a.".repeat(150) + "b/", AddressPolicy.PUBLIC))
        .isPresent();
  }

  @ParameterizedTest
  @CsvSource({
    "127.0.0.0/8, http://127.0.0.1:9000/, true",
    "127.0.0.0/8, http://localhost:9000/, true",
    "127.0.0.0/8, http://[::1]:9000/, false",
    "127.0.0.0/8, http://2130706433/, false",
    "127.0.0.0/8, http://127.1/, false",
    "127.0.0.0/8, http://[::ffff:127.0.0.1]/, false",
    "::1, http://[::1]:9000/, true",
    "10.1.0.0/16, http://10.1.255.255/, true",
    "10.1.0.0/16, http://10.2.0.0/, false",
    "10.1.2.3, http://10.1.2.3/, true",
    "10.1.2.3, http://10.1.2.4/, false",
    "localhost, http://LOCALHOST:9000/, true",
    "fd00::/8, https://[fd12::1]/, true",
    "0.0.0.0/0, http://169.254.169.254/, true",
  })
  void shouldTakeWhatTheOperatorLists(String allowed, String url, boolean isFine) {
    assertThat(ReceiverUrl.mistakeIn(url, AddressPolicy.allowing(allowed)).isEmpty())
        .isEqualTo(isFine);
  }

  @Test
  void shouldSayWhatIsWrongAndTheWayOut() {
    assertThat(ReceiverUrl.mistakeIn("http://169.254.169.254/", AddressPolicy.PUBLIC))
        .contains(
            "a URL that may be asked, but 169.254.169.254 is link-local, where clouds serve"
                + " metadata (169.254.0.0/16). TALLY_ALLOWED_NETWORKS lists what may be asked all"
                + " the same");
  }
}
