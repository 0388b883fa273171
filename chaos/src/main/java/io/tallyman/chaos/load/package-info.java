/**
 * What a run asks of the product: job programs made from a seed, the clients that submit and follow
 * them. Everything random here follows from the seed of the run; what the network does to it does
 * not.
 */
@NullMarked
package io.tallyman.chaos.load;

import org.jspecify.annotations.NullMarked;
