/** Files over HTTP: the job's downloads and uploads. */
@NullMarked
package io.tallyman.runner.http;

import org.jspecify.annotations.NullMarked;
