/**
 * The nouns of a job: commands, events, rejections, dispatch and control messages, and the view
 * folded from events. Records only; read {@link io.tallyman.schemas.job.JobEvent} first.
 */
@NullMarked
package io.tallyman.schemas.job;

import org.jspecify.annotations.NullMarked;
