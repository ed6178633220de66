package org.jtorch.recipes.pretrain;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// Stages whose text an earlier stage has still to prepare.
class PlanBeforeTextTest {
  @ParameterizedTest
  @CsvSource({"arithmetic, steps", "afm-mini, steps", "llama3-mini, steps"})
  void theWholeGraphIsPlanned(String recipe, String line) {
    var plan = TinyRun.jtorch("plan", recipe);
    assertThat(plan.code()).as(plan.out() + plan.err()).isZero();
    assertThat(plan.out()).contains("what an earlier stage will prepare, counted when it has run", line);
  }

  @ParameterizedTest
  @CsvSource({"arithmetic"})
  void epochsHaveALengthWhenTheTextIsThere(String recipe) {
    var plan = TinyRun.jtorch("plan", recipe, "stages.base.train={epochs: 2, batch: 8, learning_rate: 3e-3}");
    assertThat(plan.code()).as(plan.out() + plan.err()).isZero();
    assertThat(plan.out()).contains("then 2.000 epochs have a length, too");
  }
}
