package org.jtorch.longcontext;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.List;
import org.jtorch.longcontext.ContextExtension.Outcome;
import org.jtorch.tensor.DType;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ExtensionLearningTest {
  @Test void explore(@TempDir Path folder) {
    long t0 = System.nanoTime();
    var model = Extending.trained(folder, DType.F32, Extending.shape(32, 2), Integer.getInteger("steps", 300));
    try (var m = model.model(null)) {
      System.out.println("short " + Extending.accuracy(m) + " " + NeedleRows.find(m, 32) + " " + (System.nanoTime() - t0) / 1e9);
    }
    for (double base : new double[] {1.001, 2, 1000, 1e4, 1e5, 1e6}) {
      var rung = new Rung(128, base);
      try (var m = model.model(rung)) {
        System.out.println("base " + base + " at once " + Extending.accuracy(m) + " " + NeedleRows.find(m, 128));
      }
      long t = System.nanoTime();
      try (var trainer = model.trainer(folder.resolve("run" + base), CheckpointedTrainer.Surroundings.NONE)) {
        var log = ExtensionLog.inMemory();
        var outcome = Extending.extension(List.of(rung), new Gate(20L * Extending.BATCH_TOKENS, 100L * Extending.BATCH_TOKENS, null, Gate.Failed.STOP), trainer).run(log);
        log.decisions().forEach(System.out::println);
        System.out.println(outcome + " " + (System.nanoTime() - t) / 1e9);
      }
    }
  }
}
