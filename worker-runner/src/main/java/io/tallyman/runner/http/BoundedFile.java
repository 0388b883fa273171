package io.tallyman.runner.http;

import java.io.IOException;
import java.net.http.HttpResponse.BodySubscriber;
import java.net.http.HttpResponse.BodySubscribers;
import java.net.http.HttpResponse.ResponseInfo;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Flow.Subscription;
import org.jspecify.annotations.Nullable;

/** Writes a response's body to a file, and fails as soon as there is more of it than allowed. */
final class BoundedFile implements BodySubscriber<Path> {

  private final BodySubscriber<Path> file;
  private final long most;
  private long received;
  private @Nullable Subscription subscription;

  private BoundedFile(Path file, long most) {
    this.file = BodySubscribers.ofFile(file);
    this.most = most;
  }

  /** Takes the body of a success; drops that of anything else. */
  static BodySubscriber<Path> of(ResponseInfo info, Path file, long most) {
    return info.statusCode() >= 200 && info.statusCode() <= 299
        ? new BoundedFile(file, most)
        : BodySubscribers.replacing(file);
  }

  @Override
  public CompletionStage<Path> getBody() {
    return file.getBody();
  }

  @Override
  public void onSubscribe(Subscription subscription) {
    this.subscription = subscription;
    file.onSubscribe(subscription);
  }

  @Override
  public void onNext(List<ByteBuffer> buffers) {
    for (var buffer : buffers) {
      received += buffer.remaining();
    }
    if (received <= most) {
      file.onNext(buffers);
      return;
    }
    if (subscription != null) {
      subscription.cancel();
    }
    file.onError(new IOException("it is larger than %d bytes".formatted(most)));
  }

  @Override
  public void onError(Throwable throwable) {
    file.onError(throwable);
  }

  @Override
  public void onComplete() {
    file.onComplete();
  }
}
