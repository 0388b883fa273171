/**
 * The {@code tally} command. Each subcommand wires services together and shows a person what they
 * do; no rule about jobs lives here. Read {@link io.tallyman.cli.Tally} first, then {@link
 * io.tallyman.cli.Stack}, which is everything in one process.
 */
@NullMarked
package io.tallyman.cli;

import org.jspecify.annotations.NullMarked;
