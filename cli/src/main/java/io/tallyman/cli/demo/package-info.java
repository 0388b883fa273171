/**
 * The demonstration: three jobs, watched from every side, and checked. Read {@link
 * io.tallyman.cli.demo.Demo} first.
 */
@NullMarked
package io.tallyman.cli.demo;

import org.jspecify.annotations.NullMarked;
