/**
 * Where Tallyman may be sent: one policy for every address that a submitter names, be it a receiver
 * of webhooks or a file to fetch. Read {@link io.tallyman.runtime.net.AddressPolicy} first.
 */
@NullMarked
package io.tallyman.runtime.net;

import org.jspecify.annotations.NullMarked;
