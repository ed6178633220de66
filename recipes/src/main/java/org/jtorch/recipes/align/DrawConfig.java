package org.jtorch.recipes.align;

import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.jtorch.align.sampling.Drawing;
import org.jtorch.generate.Options;
import org.jtorch.generate.Sampling;
import org.jtorch.recipes.config.Default;
import org.jtorch.recipes.config.Doc;

/// How answers are drawn.
public record DrawConfig(@Doc("to each prompt in each round, K") @Default("8") int answers, @Doc("tokens of an answer, at most") @Default("256") int newTokens,
    @Default("0.7") double temperature,
    @Doc("each prompt's temperature is drawn from temperature up to this; unless given all have the same") @Nullable Double highestTemperature,
    @Doc("0 for all") @Default("0") int topK, @Default("1.0") double topP,
    @Doc("what each round puts before the conversation as the system's words; \"\" adds nothing") @Default("[\"\"]") List<String> systems,
    @Doc("prompts that are answered together, and on the disk before the next are") @Default("4") int batch) {
  public DrawConfig {
    systems = List.copyOf(systems);
    if (newTokens < 1) {
      throw new IllegalArgumentException("`new_tokens` must be >= 1 but was " + newTokens + "; 256 is usual");
    }
    if (highestTemperature != null && !(highestTemperature >= temperature)) {
      throw new IllegalArgumentException("`highest_temperature` must be at least `temperature` (" + temperature + ") but was " + highestTemperature);
    }
    var _ = drawing(answers, newTokens, temperature, highestTemperature, topK, topP, systems, batch, Set.of(0L), 0);
  }

  /// @param stops tokens at which an answer ends
  Drawing drawing(Set<Long> stops, long seed) {
    return drawing(answers, newTokens, temperature, highestTemperature, topK, topP, systems, batch, stops, seed);
  }

  private static Drawing drawing(int answers, int newTokens, double temperature, @Nullable Double highest, int topK, double topP,
      List<String> systems, int batch, Set<Long> stops, long seed) {
    var options = new Options(newTokens, Sampling.temperature(temperature).withTopK(topK).withTopP(topP), stops, seed, stops.iterator().next());
    return new Drawing(answers, options, temperature, highest == null ? temperature : highest, systems, batch);
  }
}
