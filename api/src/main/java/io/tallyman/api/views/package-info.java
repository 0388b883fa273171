/**
 * What this process has just learnt, in memory: newest views, who waits for a job, which runners
 * live. Bounded, lost with the process. Read {@link io.tallyman.api.views.JobWatch} first.
 */
@NullMarked
package io.tallyman.api.views;

import org.jspecify.annotations.NullMarked;
