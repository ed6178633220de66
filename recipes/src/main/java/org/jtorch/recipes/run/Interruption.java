package org.jtorch.recipes.run;

import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;

/// Ctrl-C and a polite kill: the loop is asked to stop after its step, and the JVM waits until it has saved.
final class Interruption implements AutoCloseable {
  private static final long PATIENCE_SECONDS = 600;

  private final CountDownLatch saved = new CountDownLatch(1);
  private final Thread hook;

  private Interruption(AtomicBoolean stop, Consumer<String> note) {
    hook = new Thread(() -> {
      note.accept("interrupted: finishing the step and saving (once more to quit at once)");
      stop.set(true);
      try {
        if (!saved.await(PATIENCE_SECONDS, TimeUnit.SECONDS)) {
          note.accept("the step did not end in " + PATIENCE_SECONDS + " s; quitting, the last checkpoint is intact");
        }
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      }
    }, "jtorch-interruption");
  }

  static Interruption watch(AtomicBoolean stop, Consumer<String> note) {
    var it = new Interruption(stop, note);
    Runtime.getRuntime().addShutdownHook(it.hook);
    return it;
  }

  /// Everything is saved: the JVM may go.
  void done() {
    saved.countDown();
  }

  @Override public void close() {
    saved.countDown();
    try {
      Runtime.getRuntime().removeShutdownHook(hook);
    } catch (IllegalStateException _) {
      // the JVM is going down already, and the hook lets it
      return;
    }
  }
}
