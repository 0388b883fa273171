/** What Linux says of the processes of a run, in {@code /proc}: those of jobs, and the services. */
@NullMarked
package io.tallyman.chaos.process;

import org.jspecify.annotations.NullMarked;
