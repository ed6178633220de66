package org.jtorch.recipes.config;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;

class SuggestTest {
  private static final List<String> NAMES = List.of("learning_rate", "steps", "batch", "eps");

  @Test void findsTheNearest() {
    assertThat(Suggest.nearest("learning_rat", NAMES)).isEqualTo("learning_rate");
    assertThat(Suggest.nearest("lerning_rtae", NAMES)).isEqualTo("learning_rate");
    assertThat(Suggest.nearest("STEPS", NAMES)).isEqualTo("steps");
    assertThat(Suggest.nearest("esp", NAMES)).isEqualTo("eps");
  }

  @Test void isSilentWhenNothingIsNear() {
    assertThat(Suggest.nearest("zzzz", NAMES)).isNull();
    assertThat(Suggest.nearest("x", NAMES)).isNull();
    assertThat(Suggest.nearest("", NAMES)).isNull();
    assertThat(Suggest.nearest("s".repeat(10_000), NAMES)).isNull();
    assertThat(Suggest.hint("zzzz", NAMES)).isEqualTo("; one of: learning_rate, steps, batch, eps");
    assertThat(Suggest.hint("zzzz", List.of())).isEmpty();
  }
}
