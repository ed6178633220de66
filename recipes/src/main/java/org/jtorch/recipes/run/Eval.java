package org.jtorch.recipes.run;

import java.util.List;
import org.jtorch.recipes.config.Default;
import org.jtorch.recipes.config.Doc;

/// Validation and samples.
public record Eval(
    @Doc("steps between validations; 0: only before the first step and after the last") @Default("0") long every,
    @Default("[]") List<String> prompts,
    @Default("48") int newTokens,
    @Default("0.8") double temperature) {
  public Eval {
    if (every < 0) {
      throw new IllegalArgumentException("`every` must be >= 0 (0: only before the first step and after the last) but was " + every);
    }
    if (newTokens < 1) {
      throw new IllegalArgumentException("`new_tokens` must be >= 1 but was " + newTokens + "; 48 is usual");
    }
    if (!(temperature >= 0 && Double.isFinite(temperature))) {
      throw new IllegalArgumentException("`temperature` must be >= 0 (0: the likeliest token) but was " + temperature + "; 0.8 is usual");
    }
  }
}
