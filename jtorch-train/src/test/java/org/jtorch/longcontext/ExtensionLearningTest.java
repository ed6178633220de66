package org.jtorch.longcontext;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.List;
import org.jtorch.longcontext.ContextExtension.Outcome;
import org.jtorch.tensor.DType;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestReporter;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// A model that has learnt to find needles among 32 tokens, extended to 128: what its rotary base is decides.
class ExtensionLearningTest {
  private static final int LONG = 128;
  private static final int STEPS = 200;

  @TempDir static Path folder = Path.of("");
  private static Extending model = new Extending(Path.of(""), DType.F32, Extending.shape(32, 1));

  @BeforeAll static void learn() {
    model = Extending.trained(folder, DType.F32, Extending.shape(32, 1), STEPS);
  }

  @Test void itHasLearntShortContexts() {
    try (var short1 = model.model(null)) {
      assertThat(NeedleRows.find(short1, Extending.SHORT).perfect()).isTrue();
      assertThat(Extending.accuracy(short1).value()).isGreaterThan(0.98);
    }
  }

  /// As Qwen 2 went from 10,000 to 1,000,000: before any training the slow frequencies are what the model knows.
  @Test void aGreaterBaseReadsFurtherAtOnce(TestReporter reporter) {
    long before = found(new Rung(LONG, null, null));
    long after = found(new Rung(LONG, 1e5));
    reporter.publishEntry("needles at 4x the length, of 44", before + " with the base unchanged, " + after + " with a greater one");
    assertThat(after).isGreaterThan(before);
  }

  private static long found(Rung rung) {
    try (var longer = model.model(rung)) {
      return NeedleRows.find(longer, LONG).found();
    }
  }

  @Test void theGatePassesAGoodBase() {
    assertThat(extend(1e5)).isInstanceOf(Outcome.Reached.class);
  }

  /// Every pair turns by about a whole radian from token to token, so nothing can be found at a distance that is not known.
  @ParameterizedTest @ValueSource(doubles = {1.001, 2}) void theGateRefusesABadBase(double base) {
    assertThat(extend(base)).isInstanceOfSatisfying(Outcome.RolledBack.class, o -> {
      assertThat(o.to()).isNull();
      assertThat(o.why()).contains("128 tokens is not learnt", "worse than");
    });
  }

  private static Outcome extend(double base) {
    var gate = new Gate(20L * Extending.BATCH_TOKENS, 60L * Extending.BATCH_TOKENS, null, Gate.Failed.ROLL_BACK);
    var run = folder.resolve("run-" + base);
    try (var trainer = model.trainer(run, CheckpointedTrainer.Surroundings.NONE)) {
      return Extending.extension(List.of(new Rung(LONG, base)), gate, trainer).run(ExtensionLog.inMemory());
    }
  }
}
