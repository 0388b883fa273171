package io.tallyman.chaos.history;

/**
 * A process of the product at a look, about once per second.
 *
 * @param service such as {@code api-1}
 * @param status that {@code /readyz} answered; 0 for no answer
 * @param body of that answer, or the kind of failure
 * @param threads of the process; 0 when it is down
 * @param residentBytes of memory; 0 when it is down
 */
public record ServiceSighting(
    long at, String service, int status, String body, int threads, long residentBytes) {}
