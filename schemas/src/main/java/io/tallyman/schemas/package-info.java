/**
 * The published language of Tallyman: what is on the wire, and nothing that acts.
 *
 * <p>Read {@link io.tallyman.schemas.Topics} first (which topic carries what, who writes it), then
 * {@link io.tallyman.schemas.MessageTypes} (the wire name of every message) and {@link
 * io.tallyman.schemas.job.JobEvent} (the facts). No clients, no threads, no configuration live
 * here.
 *
 * <p><b>Glossary</b>, one word per idea:
 *
 * <ul>
 *   <li><i>job</i>: one request to run an endpoint's container once, to one result.
 *   <li><i>attempt</i>: one try at running a job, counted from 1. It is the fencing token: a report
 *       that names another attempt than the current one is refused.
 *   <li><i>sequence</i>: the position of an event in its job's history: 1, 2, 3 … without a gap.
 *   <li><i>runner</i>: a worker-runner process; it has <i>slots</i>, each running one attempt.
 *   <li><i>endpoint</i>: a named kind of job (image, command, limits), RunPod's word.
 *   <li><i>delivery</i>: telling one receiver of one event; it takes one or more webhook attempts.
 *   <li><i>secret</i>: what signs webhooks; of a <i>named</i> one, messages say the name alone.
 *   <li><i>view</i>: RunPod's status document, computed from events.
 * </ul>
 */
@NullMarked
package io.tallyman.schemas;

import org.jspecify.annotations.NullMarked;
