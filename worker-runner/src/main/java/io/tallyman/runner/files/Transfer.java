package io.tallyman.runner.files;

import io.tallyman.runner.attempt.StopSignal;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Map;

/** Moves files between a job's folder and the addresses that its submitter gave. */
public interface Transfer {

  /** 256 MiB per file: a job with larger data should fetch and send them itself. */
  long MAX_FILE = 256L << 20;

  /**
   * Fetches files, at the same time.
   *
   * @param files URL by target; the folders exist
   * @throws IOException when one failed; the message is for people and names the file, not the URL
   */
  void download(Map<Path, String> files, StopSignal stop) throws IOException, InterruptedException;

  /**
   * Sends files by PUT, at the same time.
   *
   * @param files URL by source
   * @throws IOException when one failed; the message is for people and names the file, not the URL
   */
  void upload(Map<Path, String> files, StopSignal stop) throws IOException, InterruptedException;
}
