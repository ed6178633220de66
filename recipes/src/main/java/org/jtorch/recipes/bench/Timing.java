package org.jtorch.recipes.bench;

import java.util.Arrays;

/// The peers' timing rule: warm up, then the median of single steps.
final class Timing {
  private Timing() {}

  static double median(Runnable step, int warmup, int steps) {
    for (int i = 0; i < warmup; i++) {
      step.run();
    }
    var seconds = new double[steps];
    for (int i = 0; i < steps; i++) {
      long started = System.nanoTime();
      step.run();
      seconds[i] = (System.nanoTime() - started) / 1e9;
    }
    Arrays.sort(seconds);
    int half = steps / 2;
    return steps % 2 == 1 ? seconds[half] : (seconds[half - 1] + seconds[half]) / 2;
  }
}
