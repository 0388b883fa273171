/**
 * What both runtimes share around a job's folder: staging of files, the lines a job prints, the
 * result it leaves. Read {@link io.tallyman.runner.files.JobFolders} first.
 */
@NullMarked
package io.tallyman.runner.files;

import org.jspecify.annotations.NullMarked;
