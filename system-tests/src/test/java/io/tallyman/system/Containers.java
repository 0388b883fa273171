package io.tallyman.system;

import static org.junit.jupiter.api.Assumptions.abort;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.testcontainers.DockerClientFactory;

/** Whether a Docker engine answers, for tests that need one. */
final class Containers {

  private static final Logger LOG = LoggerFactory.getLogger(Containers.class);

  /** Set by the continuous integration: there, a skipped test is a failed one. */
  private static final String REQUIRED = "TALLY_TEST_REQUIRE_DOCKER";

  private Containers() {}

  /** Skips the test, loudly, when no Docker engine answers; fails it where one is required. */
  static void requireEngine() {
    if (DockerClientFactory.instance().isDockerAvailable()) {
      return;
    }
    if (Boolean.parseBoolean(System.getenv(REQUIRED))) {
      throw new AssertionError(
          "Expected a Docker engine, because %s=true, but none answers".formatted(REQUIRED));
    }
    LOG.warn("SKIPPED: no Docker engine answers; start one to run this test");
    abort("SKIPPED: no Docker engine answers; start one to run this test");
  }
}
