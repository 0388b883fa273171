package io.tallyman.chaos.check;

import io.tallyman.chaos.history.History;
import java.util.function.Consumer;

/**
 * A good history after something was done to it.
 *
 * @param name what was done
 * @param caughtBy the invariant that must say so
 */
record Mutant(String name, Invariant caughtBy, Consumer<Edit> change) {

  History of(History good) {
    var edit = new Edit(good);
    change.accept(edit);
    return edit.done();
  }

  @Override
  public String toString() {
    return "%s %s".formatted(caughtBy, name);
  }
}
