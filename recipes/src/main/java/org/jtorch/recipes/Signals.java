package org.jtorch.recipes;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import sun.misc.Signal;
import sun.misc.SignalHandler;

/// What asks a process to end: Ctrl-C (`INT`), a polite kill (`TERM`), a terminal that is closed (`HUP`). While this is open
/// they no longer end it: each is handed on.
public final class Signals implements AutoCloseable {
  private static final List<String> ENDING = List.of("INT", "TERM", "HUP");

  private final Map<Signal, SignalHandler> before = new LinkedHashMap<>();

  private Signals() {}

  /// Hands the name of every such signal to `action`, in a thread of its own.
  public static Signals to(Consumer<String> action) {
    var signals = new Signals();
    for (String name : ENDING) {
      signals.handle(name, action);
    }
    return signals;
  }

  private void handle(String name, Consumer<String> action) {
    try {
      var signal = new Signal(name);
      before.put(signal, Signal.handle(signal, s -> action.accept(s.getName())));
    } catch (IllegalArgumentException _) {
      // this system has no such signal, or the JVM was started with -Xrs
      return;
    }
  }

  /// Sends this process a polite kill.
  public static void terminate() {
    Signal.raise(new Signal("TERM"));
  }

  @Override public void close() {
    before.forEach(Signal::handle);
  }
}
