/** The topic as a downstream consumer reads it. */
@NullMarked
package io.tallyman.cli.kafka;

import org.jspecify.annotations.NullMarked;
