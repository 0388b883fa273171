package io.tallyman.chaos.check;

import io.tallyman.chaos.history.FaultMark;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Queue;
import java.util.function.Predicate;
import java.util.regex.Pattern;

/** When what was broken. */
final class Faults {

  /** Parts of the product, by what the names of fault targets hold. */
  enum Part {
    BROKER("broker|kafka"),
    REDIS("redis"),
    API("api"),
    PROCESSOR("processor"),
    RUNNER("runner|docker|engine"),
    DISPATCHER("dispatcher|webhook|receiver");

    private final Pattern names;

    Part(String names) {
      this.names = Pattern.compile(names);
    }
  }

  /** A fault from its start to its end. */
  record Window(String fault, String target, long start, long end, String detail) {

    boolean isOn(Part part) {
      var text = target.toLowerCase(Locale.ROOT);
      return text.equals("all") || part.names.matcher(text).find();
    }

    /** Whether it is on the instance of that name: {@code worker-runner-1} is {@code runner-1}. */
    boolean isOnInstance(String name) {
      var from = target.indexOf(name);
      if (name.isEmpty() || from < 0) {
        return target.equals("all");
      }
      var end = from + name.length();
      return end == target.length() || !Character.isDigit(target.charAt(end));
    }

    boolean isKind(String... kinds) {
      var text = fault.toLowerCase(Locale.ROOT);
      return Arrays.stream(kinds).anyMatch(text::contains);
    }

    boolean overlaps(long from, long to) {
      return start <= to && end >= from;
    }

    /** When all is to be as if it had not been. */
    long recovered() {
      var soon = end + Margins.RECOVERY;
      return fault.equals("kill-all-brokers") ? Math.max(soon, start + Margins.ALL_BROKERS) : soon;
    }

    boolean isClock() {
      return isKind("clock");
    }
  }

  private final List<Window> windows;

  private Faults(List<Window> windows) {
    this.windows = windows;
  }

  /**
   * Pairs the marks.
   *
   * @param end of what was never marked as over
   */
  static Faults of(List<FaultMark> marks, long end) {
    var windows = new ArrayList<Window>();
    Map<String, Queue<FaultMark>> open = new HashMap<>();
    for (var mark : marks) {
      var starts =
          open.computeIfAbsent(mark.fault() + " " + mark.target(), _ -> new ArrayDeque<>());
      if (mark.isStart()) {
        starts.add(mark);
      } else if (!starts.isEmpty()) {
        windows.add(window(starts.remove(), mark.at()));
      }
    }
    open.values().forEach(left -> left.forEach(mark -> windows.add(window(mark, end))));
    windows.sort(Comparator.comparingLong(Window::start));
    return new Faults(List.copyOf(windows));
  }

  private static Window window(FaultMark mark, long end) {
    return new Window(
        mark.fault(), mark.target(), mark.at(), Math.max(end, mark.at()), mark.detail());
  }

  List<Window> windows() {
    return windows;
  }

  /** Whether such a fault was there at some time in between. */
  boolean any(long from, long to, Predicate<Window> which) {
    for (var window : windows) {
      if (window.start() > to) {
        return false;
      }
      if (window.end() >= from && which.test(window)) {
        return true;
      }
    }
    return false;
  }

  /** Whether a clock of one of these parts was moved at some time before the end. */
  boolean isClockMoved(Part... parts) {
    return windows.stream()
        .anyMatch(window -> window.isClock() && Arrays.stream(parts).anyMatch(window::isOn));
  }

  /**
   * The latest time at which something is still in time that has to happen this soon after {@code
   * from}: each fault of these parts in between, and the recovery from it, begins the wait anew.
   */
  long limit(long from, long patience, Part... parts) {
    var limit = from + patience;
    for (var window : windows) {
      if (window.start() > limit) {
        break;
      }
      if (window.recovered() >= from && Arrays.stream(parts).anyMatch(window::isOn)) {
        limit = Math.max(limit, window.recovered() + patience);
      }
    }
    return limit;
  }
}
