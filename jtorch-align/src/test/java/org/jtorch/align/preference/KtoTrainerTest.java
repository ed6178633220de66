package org.jtorch.align.preference;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.ArrayList;
import java.util.List;
import org.jtorch.align.TinyPolicy;
import org.jtorch.data.Collator;
import org.jtorch.data.ExampleBatches;
import org.jtorch.tensor.DType;
import org.jtorch.tensor.TensorScope;
import org.jtorch.tensor.ranks.Ranks;
import org.jtorch.train.Progress;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class KtoTrainerTest {
  private static final Collator COLLATOR = new Collator(16, 4);

  @AfterEach void nothingLives() {
    assertThat(TensorScope.stats().live()).isZero();
  }

  /// One answer a prompt: of half the pairs the chosen one, of the others the rejected one.
  private static List<JudgedRow> rows() {
    var rows = new ArrayList<JudgedRow>();
    for (var pair : Answers.pairs(48, 2)) {
      boolean good = rows.size() % 2 == 0;
      rows.add(new JudgedRow(good ? pair.chosen() : pair.rejected(), good));
    }
    return rows;
  }

  @Test void singleLabelsTeachToRankPairs() {
    var log = new TinyPolicy.Recorder();
    var held = Answers.pairs(16, 77);
    try (var policy = TinyPolicy.model(DType.F32, 1); var reference = Reference.frozenCopyOf(policy); var adam = TinyPolicy.adam(policy)) {
      var options = new KtoTrainer.Options(new Kto(0.3), COLLATOR, TinyPolicy.options(60, 5e-3).withAccumulate(2));
      new KtoTrainer(policy, reference, adam, new ExampleBatches<>(1, 8, rows(), List::copyOf), options, Ranks.ALONE)
          .fit(Progress.START, log, TinyPolicy.NO_HOOKS);
      var pairs = new DpoTrainer(policy, reference, adam, new ExampleBatches<>(1, 8, held, List::copyOf),
          DpoTrainer.Options.of(new Dpo(0.3), COLLATOR, TinyPolicy.options(1, 1e-3)));
      assertThat(pairs.score(held).get("rewards_accuracy")).isGreaterThan(0.9);
    }
    assertThat(log.steps.getFirst().loss()).as("σ(0) of each").isCloseTo(0.5, within(1e-6));
    assertThat(log.steps.getLast().loss()).isLessThan(0.35);
    assertThat(log.last("rewards_good")).isGreaterThan(log.last("rewards_bad"));
    assertThat(log.steps).allMatch(s -> s.liveTensors() == 0 && s.figures().getOrDefault("divergence", -1.0) >= 0);
  }

  @Test void aReferenceThatIsOnlyStoredIsRefusedAndSoIsABatchOfOne() {
    try (var policy = TinyPolicy.model(DType.F32, 1); var adam = TinyPolicy.adam(policy)) {
      var options = new KtoTrainer.Options(new Kto(0.1), COLLATOR, TinyPolicy.options(1, 1e-3));
      var trainer = new KtoTrainer(policy, Reference.precomputed(), adam, new ExampleBatches<>(1, 4, rows(), List::copyOf), options, Ranks.ALONE);
      assertThatThrownBy(() -> trainer.gradients(rows())).isInstanceOf(IllegalArgumentException.class).hasMessageContaining("frozenCopyOf");
      assertThatThrownBy(() -> new KtoTrainer(policy, Reference.precomputed(), adam, new ExampleBatches<>(1, 1, rows(), List::copyOf), options,
          Ranks.ALONE)).hasMessageContaining("`batch` must be >= 2");
    }
  }
}
