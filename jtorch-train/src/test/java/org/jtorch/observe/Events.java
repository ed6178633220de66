package org.jtorch.observe;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Path;
import java.util.List;

/// Events with plausible numbers, for the tests of listeners.
final class Events {
  private Events() {}

  static RunStart start(long totalSteps, long startStep) {
    return new RunStart("tiny", totalSteps, startStep, 1_234_567, 6e6, 24e9);
  }

  static StepEvent step(long step, long totalSteps) {
    return step(step, totalSteps, 1000, 0.5);
  }

  static StepEvent step(long step, long totalSteps, long tokens, double seconds) {
    return new StepEvent(step, totalSteps, 10.0 / step, 1.5, 3e-4, tokens, seconds, false, 42, 7, 1 << 30);
  }

  static StepEvent skipped(long step, long totalSteps) {
    return new StepEvent(step, totalSteps, Double.NaN, Double.POSITIVE_INFINITY, 3e-4, 1000, 0.5, true, 42, 7, 1 << 30);
  }

  static EvalEvent eval(long step, String... samples) {
    return new EvalEvent(step, 3.25, 1.125, Math.exp(3.25), List.of(samples));
  }

  static SaveEvent save(long step) {
    return new SaveEvent(step, Path.of("checkpoints", "step-" + step), 0.25, 5_000_000);
  }

  /// A clock that stands still until a test moves it.
  static final class Clock {
    private long nanos = 1_000_000_000_000L;

    long nanos() {
      return nanos;
    }

    void advance(double seconds) {
      nanos += Math.round(seconds * 1e9);
    }
  }

  /// Takes no byte.
  static OutputStream fullDisk() {
    return new OutputStream() {
      @Override public void write(int b) throws IOException {
        throw new IOException("No space left on device");
      }
    };
  }
}
