/** JSON for the checker, without the product's codec: it must not believe what it judges. */
@NullMarked
package io.tallyman.chaos.json;

import org.jspecify.annotations.NullMarked;
