package org.jtorch.adapter;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Objects;
import org.jtorch.io.DataException;
import org.jtorch.nn.Pass;
import org.jtorch.tensor.DType;
import org.jtorch.tensor.Grad;
import org.jtorch.tensor.Rng;
import org.jtorch.tensor.TensorScope;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class AdapterSumTest {
  @TempDir Path temp = Path.of("");

  @AfterEach void nothingLives() {
    assertThat(TensorScope.stats().live()).isZero();
  }

  private static LoraConfig config(int rank, double alpha, String... names) {
    return LoraConfig.of(rank, alpha, names).withStart(LoraConfig.Start.RANDOM);
  }

  private Path saved(String name, LoraConfig config, long seed, String base) {
    Path folder = temp.resolve(name);
    try (var model = Small.model(DType.F32); var lora = Lora.apply(model, config, Rng.of(seed))) {
      lora.save(folder, base);
    }
    return folder;
  }

  private static double[] logits(Path adapter) {
    try (var model = Small.model(DType.F32); var _ = Lora.load(model, adapter); var _ = TensorScope.open(); var _ = Grad.off()) {
      return model.apply(Small.ids(), Pass.EMPTY).toDoubles();
    }
  }

  /// The logits of the model to whose weights `Σ w s B A` has been added by hand.
  private static double[] expected(List<Path> adapters, double... weights) {
    try (var model = Small.model(DType.F64); var _ = TensorScope.open(); var _ = Grad.off()) {
      for (int i = 0; i < weights.length; i++) {
        try (var other = Small.model(DType.F64); var lora = Lora.load(other, adapters.get(i))) {
          for (var w : lora.weightsInOrder()) {
            Objects.requireNonNull(model.weights().get(w.module() + ".weight")).view().addInPlace(w.up().matmul(w.down()).mul(weights[i]));
          }
        }
      }
      return model.apply(Small.ids(), Pass.EMPTY).toDoubles();
    }
  }

  @Test void adaptersOfOtherRanksAndScalesAddUp() {
    var patterns = new LinkedHashMap<String, Integer>();
    patterns.put("up_proj", 5);
    var both = List.of(saved("a", config(4, 8, "q_proj", "up_proj"), 1, "small"),
        saved("b", config(3, 5, "q_proj", "up_proj").withRsLora().withPatterns(patterns, new LinkedHashMap<>()), 2, "small"));
    Path sum = temp.resolve("sum");
    new AdapterSum(both, List.of(0.7, -0.4)).write(sum);
    assertThat(AdapterSum.isAdapter(sum)).isTrue();
    assertThat(Small.distance(logits(sum), expected(both, 0.7, -0.4))).isLessThan(1e-4);
    assertThat(Small.distance(logits(sum), logits(both.getFirst()))).isGreaterThan(1e-2);
  }

  @Test void whatDoesNotFitIsRefusedWithItsName() {
    Path a = saved("a", config(4, 8, "q_proj"), 1, "small");
    Path other = saved("b", config(4, 8, "v_proj"), 2, "small");
    Path foreign = saved("c", config(4, 8, "q_proj"), 3, "large");
    Path dora = saved("d", config(4, 8, "q_proj").withDora(), 4, "small");
    Path out = temp.resolve("out");
    assertThatExceptionOfType(DataException.class).isThrownBy(() -> new AdapterSum(List.of(a, other), List.of(1.0, 1.0)).write(out))
        .withMessageContaining("other products").withMessageContaining("v_proj");
    assertThatExceptionOfType(DataException.class).isThrownBy(() -> new AdapterSum(List.of(a, foreign), List.of(1.0, 1.0)).write(out))
        .withMessageContaining("was made for \"large\"");
    assertThatExceptionOfType(DataException.class).isThrownBy(() -> new AdapterSum(List.of(a, dora), List.of(1.0, 1.0)).write(out))
        .withMessageContaining("use_dora");
    assertThatIllegalArgumentException().isThrownBy(() -> new AdapterSum(List.of(a), List.of(1.0, 1.0)));
    assertThat(out).doesNotExist();
  }
}
