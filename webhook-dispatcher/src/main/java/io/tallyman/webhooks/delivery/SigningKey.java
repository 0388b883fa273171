package io.tallyman.webhooks.delivery;

import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.MessageDigest;
import java.security.PrivateKey;
import java.security.PublicKey;
import java.security.Signature;
import java.security.spec.EdECPrivateKeySpec;
import java.security.spec.NamedParameterSpec;
import java.security.spec.X509EncodedKeySpec;
import java.util.Arrays;
import java.util.Base64;
import java.util.HexFormat;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

/** One signing key of Standard Webhooks. Thread-safe. */
sealed interface SigningKey {

  /** Signs {@code head} followed by {@code content}: the version, a comma, the base64. */
  String sign(byte[] head, byte[] content);

  /**
   * A key from its text.
   *
   * @throws IllegalArgumentException when it is none; without the text, and without a cause that
   *     may hold a part of it
   */
  static SigningKey parse(String secret) {
    try {
      if (secret.startsWith(Symmetric.PREFIX)) {
        return new Symmetric(
            new SecretKeySpec(decode(secret, Symmetric.PREFIX), Symmetric.ALGORITHM));
      }
      if (secret.startsWith(Asymmetric.PREFIX)) {
        return Asymmetric.of(decode(secret, Asymmetric.PREFIX));
      }
    } catch (IllegalArgumentException | GeneralSecurityException _) {
      // Answered below.
    }
    throw new IllegalArgumentException(
        "Expected whsec_ and the base64 of a key, or whsk_ and the base64 of an Ed25519 seed, with"
            + " or without the public key behind it");
  }

  private static byte[] decode(String secret, String prefix) {
    return Base64.getDecoder().decode(secret.substring(prefix.length()));
  }

  private static IllegalStateException missing(GeneralSecurityException e) {
    return new IllegalStateException("Expected an algorithm that every JDK has", e);
  }

  /** HMAC-SHA256, version {@code v1}. */
  record Symmetric(SecretKeySpec key) implements SigningKey {
    private static final String PREFIX = "whsec_";
    private static final String ALGORITHM = "HmacSHA256";

    @Override
    public String sign(byte[] head, byte[] content) {
      try {
        var mac = Mac.getInstance(ALGORITHM);
        mac.init(key);
        mac.update(head);
        return "v1," + Base64.getEncoder().encodeToString(mac.doFinal(content));
      } catch (GeneralSecurityException e) {
        throw missing(e);
      }
    }

    @Override
    public String toString() {
      return "v1 key";
    }
  }

  /** Ed25519, version {@code v1a}: receivers hold the public key alone. */
  record Asymmetric(PrivateKey key) implements SigningKey {
    private static final String PREFIX = "whsk_";
    private static final String ALGORITHM = "Ed25519";
    private static final int SEED = 32;

    /** What RFC 8410 puts before the 32 bytes of a public key. */
    private static final byte[] X509_HEAD = HexFormat.of().parseHex("302a300506032b6570032100");

    private static Asymmetric of(byte[] bytes) throws GeneralSecurityException {
      if (bytes.length != SEED && bytes.length != 2 * SEED) {
        throw new IllegalArgumentException();
      }
      var factory = KeyFactory.getInstance(ALGORITHM);
      var key =
          new Asymmetric(
              factory.generatePrivate(
                  new EdECPrivateKeySpec(NamedParameterSpec.ED25519, Arrays.copyOf(bytes, SEED))));
      if (bytes.length == 2 * SEED) {
        var encoded = Arrays.copyOf(X509_HEAD, X509_HEAD.length + SEED);
        System.arraycopy(bytes, SEED, encoded, X509_HEAD.length, SEED);
        key.requireTheOtherHalf(factory.generatePublic(new X509EncodedKeySpec(encoded)));
      }
      return key;
    }

    /** Receivers would refuse every signature if the halves were of different keys. */
    private void requireTheOtherHalf(PublicKey other) throws GeneralSecurityException {
      var probe = MessageDigest.getInstance("SHA-256").digest();
      var verifier = Signature.getInstance(ALGORITHM);
      verifier.initVerify(other);
      verifier.update(probe);
      if (!verifier.verify(signature(probe, new byte[0]))) {
        throw new IllegalArgumentException();
      }
    }

    @Override
    public String sign(byte[] head, byte[] content) {
      try {
        return "v1a," + Base64.getEncoder().encodeToString(signature(head, content));
      } catch (GeneralSecurityException e) {
        throw missing(e);
      }
    }

    private byte[] signature(byte[] head, byte[] content) throws GeneralSecurityException {
      var signature = Signature.getInstance(ALGORITHM);
      signature.initSign(key);
      signature.update(head);
      signature.update(content);
      return signature.sign();
    }

    @Override
    public String toString() {
      return "v1a key";
    }
  }
}
