package io.tallyman.schemas.json;

import java.util.Objects;

/**
 * Bytes that are not the message they should be. The text says what was expected and what came, and
 * never repeats the payload. Whoever reads a topic catches it, writes a dead letter and goes on.
 */
public final class MalformedMessage extends Exception {

  private static final long serialVersionUID = 1L;

  public MalformedMessage(String message) {
    super(message);
  }

  public MalformedMessage(String message, Throwable cause) {
    super(message, cause);
  }

  /** Never null, unlike its parent's. */
  @Override
  public String getMessage() {
    return Objects.requireNonNull(super.getMessage());
  }
}
