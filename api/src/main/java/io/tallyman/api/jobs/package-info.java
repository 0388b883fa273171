/**
 * What the routes ask for: submit, find, wait, cancel, history. No HTTP here. Read {@link
 * io.tallyman.api.jobs.JobReads} first.
 */
@NullMarked
package io.tallyman.api.jobs;

import org.jspecify.annotations.NullMarked;
