package org.jtorch.recipes.plan;

import java.lang.management.ManagementFactory;
import java.util.Arrays;
import java.util.concurrent.locks.LockSupport;
import org.jtorch.decoder.Decoder;
import org.jtorch.ffm.CLibrary;
import org.jtorch.optim.AdamW;
import org.jtorch.recipes.bench.RandomStep;
import org.jtorch.tensor.Device;
import org.jtorch.tensor.Rng;
import org.jtorch.tensor.TorchInfo;

/// A few training steps, measured.
///
/// @param gradientSeconds forward and backward of a micro-batch
/// @param updateSeconds gradient norm and AdamW
/// @param share of the time in which this process had the cores it works on: near 1 alone, less beside other processes
/// @param keptBytes what forward leaves for backward; -1 where the C library does not tell
/// @param peakBytes the most in use at once beyond what was before, model and optimizer included; -1 likewise
record ShortStep(double gradientSeconds, double updateSeconds, double share, long keptBytes, long peakBytes) {
  private static final int MOST_STEPS = 5;
  private static final double SECONDS = 1.5;
  private static final int DOCUMENTS_A_ROW = 3;

  /// Runs `w` on fresh weights.
  static ShortStep measure(Workload w) {
    var shape = w.shape();
    long before = inUse(w.device());
    try (var model = Decoder.create(shape, w.device(), w.dtype(), Rng.of(0))) {
      model.requiresGrad(true);
      int length = w.packed() ? Math.max(2, w.seqLen() / DOCUMENTS_A_ROW) : w.seqLen();
      var step = new RandomStep(model, RandomStep.batch(shape.vocab(), w.rows(), w.seqLen(), length), w.checkpoint(), w.chunkTokens());
      try (var optimizer = AdamW.over(model.parameters(), 0.1, AdamW.Options.DEFAULT)) {
        var kept = new long[1];
        long peak = watched(w.device(), () -> {
          for (int i = 0; i < Math.min(2, w.accumulate()); i++) {
            if (i > 0) {
              optimizer.accumulate();
            }
            long start = inUse(w.device());
            step.gradients(() -> kept[0] = inUse(w.device()) - start);
          }
          optimizer.clipAndStep(1e-6, 1);
        });
        long started = System.nanoTime();
        double cpu = processorSeconds();
        var seconds = timed(step, optimizer);
        double passed = (System.nanoTime() - started) / 1e9;
        double share = cpu < 0 ? 1 : Math.min(1, (processorSeconds() - cpu) / (passed * TorchInfo.threads()));
        return new ShortStep(seconds[0], seconds[1], share, before < 0 ? -1 : kept[0], before < 0 ? -1 : peak - before);
      }
    }
  }

  /// The medians of gradients and update, over steps after the first.
  private static double[] timed(RandomStep step, AdamW optimizer) {
    var gradients = new double[MOST_STEPS];
    var updates = new double[MOST_STEPS];
    int n = 0;
    for (double all = 0; n < MOST_STEPS && (n == 0 || all * (n + 1) / n < SECONDS); n++) {
      long started = System.nanoTime();
      step.gradients(() -> { });
      long half = System.nanoTime();
      optimizer.clipAndStep(1e-6, 1);
      gradients[n] = (half - started) / 1e9;
      updates[n] = (System.nanoTime() - half) / 1e9;
      all += gradients[n] + updates[n];
    }
    return new double[] {median(gradients, n), median(updates, n)};
  }

  private static double median(double[] values, int n) {
    var sorted = Arrays.copyOf(values, n);
    Arrays.sort(sorted);
    return sorted[n / 2];
  }

  /// What all threads of this process have computed so far; -1 where it is unknown.
  private static double processorSeconds() {
    return ManagementFactory.getOperatingSystemMXBean() instanceof com.sun.management.OperatingSystemMXBean os
        ? os.getProcessCpuTime() / 1e9 : -1;
  }

  /// Bytes in tensors and all else of `malloc`'s, or on a device in tensors; -1 where it is unknown.
  static long inUse(Device device) {
    return device.isCuda() ? device.memory().allocated() : CLibrary.allocated();
  }

  /// The most bytes in use while `body` runs, looked at from another thread.
  private static long watched(Device device, Runnable body) {
    var most = new long[] {inUse(device)};
    var running = new boolean[] {true};
    var lock = new Object();
    var watcher = Thread.ofPlatform().daemon().name("jtorch-plan").start(() -> {
      while (true) {
        synchronized (lock) {
          if (!running[0]) {
            return;
          }
          most[0] = Math.max(most[0], inUse(device));
        }
        LockSupport.parkNanos(300_000);
      }
    });
    try {
      body.run();
    } finally {
      synchronized (lock) {
        running[0] = false;
      }
      LockSupport.unpark(watcher);
    }
    synchronized (lock) {
      return most[0];
    }
  }
}
