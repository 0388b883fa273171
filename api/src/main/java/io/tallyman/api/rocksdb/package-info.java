/**
 * Where in the log each job's events are, on disk. Rebuilt from the log when lost. Read {@link
 * io.tallyman.api.rocksdb.OffsetIndex} first.
 */
@NullMarked
package io.tallyman.api.rocksdb;

import org.jspecify.annotations.NullMarked;
