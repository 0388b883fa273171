package io.tallyman.webhooks.http;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.cert.Certificate;
import java.util.ArrayList;
import java.util.List;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManagerFactory;

/** Certificates of receivers, and who trusts them; made by the {@code keytool} of the JDK. */
final class Certificates {

  private static final String PASSWORD = "no-secret";
  private static final String TYPE = "PKCS12";

  private final Path file;

  /** None yet; they are kept in a folder. */
  Certificates(Path folder) {
    this.file = folder.resolve("certificates.p12");
  }

  /** Makes one that signs others. */
  void authority(String alias, String... more) throws IOException, InterruptedException {
    make(alias, "bc:c", more);
  }

  /**
   * Makes one for a host.
   *
   * @param more of keytool's options, such as {@code -signer}; without one it signs itself
   */
  void host(String alias, String host, String... more) throws IOException, InterruptedException {
    make(alias, "san=dns:" + host, more);
  }

  /** The client's side: trusts what this one signed. */
  SSLContext trusting(String authority) throws IOException, GeneralSecurityException {
    var trusted = KeyStore.getInstance(TYPE);
    trusted.load(null, null);
    trusted.setCertificateEntry(authority, store().getCertificate(authority));
    var trust = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
    trust.init(trusted);
    var context = SSLContext.getInstance("TLS");
    context.init(null, trust.getTrustManagers(), null);
    return context;
  }

  /** The receiver's side: shows the one of these that fits the host it is asked for. */
  SSLContext showing(String... aliases) throws IOException, GeneralSecurityException {
    var shown = KeyStore.getInstance(TYPE);
    shown.load(null, null);
    for (var alias : aliases) {
      copy(alias, shown, store().getCertificateChain(alias));
    }
    return showing(shown);
  }

  /** The same without those that vouch for it. */
  SSLContext showingAlone(String alias) throws IOException, GeneralSecurityException {
    var shown = KeyStore.getInstance(TYPE);
    shown.load(null, null);
    copy(alias, shown, store().getCertificate(alias));
    return showing(shown);
  }

  private void copy(String alias, KeyStore to, Certificate... chain)
      throws IOException, GeneralSecurityException {
    var password = PASSWORD.toCharArray();
    to.setKeyEntry(alias, store().getKey(alias, password), password, chain);
  }

  private static SSLContext showing(KeyStore shown) throws GeneralSecurityException {
    // The one that heeds the name a client asks for; the default one does not.
    var keys = KeyManagerFactory.getInstance("PKIX");
    keys.init(shown, PASSWORD.toCharArray());
    var context = SSLContext.getInstance("TLS");
    context.init(keys.getKeyManagers(), null, null);
    return context;
  }

  private KeyStore store() throws IOException, GeneralSecurityException {
    return KeyStore.getInstance(file.toFile(), PASSWORD.toCharArray());
  }

  private void make(String alias, String extension, String... more)
      throws IOException, InterruptedException {
    var command =
        new ArrayList<>(
            List.of(
                Path.of(System.getProperty("java.home"), "bin", "keytool").toString(),
                "-genkeypair",
                "-alias",
                alias,
                "-dname",
                "CN=" + alias,
                "-ext",
                extension,
                "-keyalg",
                "EC",
                "-groupname",
                "secp256r1",
                "-keystore",
                file.toString(),
                "-storetype",
                TYPE,
                "-storepass",
                PASSWORD));
    command.addAll(List.of(more));
    var keytool = new ProcessBuilder(command).redirectErrorStream(true).start();
    keytool.getOutputStream().close();
    var output = new String(keytool.getInputStream().readAllBytes(), UTF_8);
    if (keytool.waitFor() != 0) {
      throw new IllegalStateException("Expected a certificate, but keytool said: " + output);
    }
  }
}
