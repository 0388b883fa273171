package io.tallyman.chaos.cluster;

import io.tallyman.chaos.history.HistoryWriter;
import io.tallyman.chaos.history.Ticker;
import java.net.URI;
import java.nio.file.Path;
import java.util.List;

/**
 * What a run's load and recorders may know of the cluster.
 *
 * @param apis base URL of each api, such as {@code http://127.0.0.1:40001}
 * @param kafka bootstrap servers for recorders: past the proxies that faults cut
 * @param redis URL, past the proxies too
 * @param folder of the run
 * @param apiKey for {@code Authorization: Bearer}
 * @param webhookSecret {@code whsec_…} that webhooks are signed with
 * @param history where everything seen goes
 * @param ticker the clock of everything seen
 */
public record Site(
    List<URI> apis,
    String kafka,
    String redis,
    Path folder,
    String apiKey,
    String webhookSecret,
    HistoryWriter history,
    Ticker ticker) {}
