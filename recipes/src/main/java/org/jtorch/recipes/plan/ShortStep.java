package org.jtorch.recipes.plan;

import java.lang.management.ManagementFactory;
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
  /// For the steps after the first, in which the JVM still compiles the fused passes.
  private static final double SECONDS = 4;
  /// Steps that are no quicker than those before, after which the rest would be neither.
  private static final int ENOUGH = 4;
  private static final double QUICKER = 0.95;
  /// A first step that takes longer is measure enough.
  private static final double PATIENCE = 20;
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
        var first = new double[1];
        long started = System.nanoTime();
        double cpu = processorSeconds();
        long peak = watched(w.device(), () -> first[0] = first(w, step, optimizer, kept));
        var seconds = first[0] > PATIENCE ? new double[] {first[0], 0} : timed(step, optimizer);
        double passed = (System.nanoTime() - started) / 1e9;
        double share = cpu < 0 ? 1 : Math.min(1, (processorSeconds() - cpu) / (passed * TorchInfo.threads()));
        return new ShortStep(seconds[0], seconds[1], share, before < 0 ? -1 : kept[0], before < 0 ? -1 : peak - before);
      }
    }
  }

  /// The first step, in which much is loaded and compiled: two micro-batches where there are several.
  ///
  /// @param kept takes what the forward leaves
  /// @return seconds of a micro-batch's gradients
  private static double first(Workload w, RandomStep step, AdamW optimizer, long[] kept) {
    double seconds = 0;
    for (int i = 0; i < Math.min(2, w.accumulate()); i++) {
      if (i > 0) {
        optimizer.accumulate();
      }
      long started = System.nanoTime();
      long before = inUse(w.device());
      step.gradients(() -> kept[0] = inUse(w.device()) - before);
      seconds = (System.nanoTime() - started) / 1e9;
    }
    optimizer.clipAndStep(1e-6, 1);
    return seconds;
  }

  /// Gradients and update of the quickest step after the first, which has the compiled code and the fewest interruptions.
  private static double[] timed(RandomStep step, AdamW optimizer) {
    var best = new double[] {Double.POSITIVE_INFINITY, 0};
    double all = 0;
    int same = 0;
    for (int n = 0; same < ENOUGH && (n < 2 || all * (n + 1) / n < SECONDS); n++) {
      long started = System.nanoTime();
      step.gradients(() -> { });
      double gradients = (System.nanoTime() - started) / 1e9;
      optimizer.clipAndStep(1e-6, 1);
      double both = (System.nanoTime() - started) / 1e9;
      same = both < QUICKER * (best[0] + best[1]) ? 0 : same + 1;
      if (both < best[0] + best[1]) {
        best = new double[] {gradients, both - gradients};
      }
      all += both;
    }
    return best;
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
