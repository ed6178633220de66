package org.jtorch.align.sampling;

import java.util.List;
import java.util.SplittableRandom;
import org.jtorch.generate.Options;
import org.jtorch.generate.Sampling;

/// How answers are drawn.
///
/// @param answers K, to each prompt in each round
/// @param options length, stop tokens, filters and seed; its temperature gives way to the two below
/// @param lowest temperature of a prompt, drawn evenly up to the highest; both alike for one temperature
/// @param systems what each round puts before the conversation as the system's words; an empty one adds nothing. Rounds add up: the best
///     answer of all rounds wins
/// @param batch prompts that are answered together
public record Drawing(int answers, Options options, double lowest, double highest, List<String> systems, int batch) {
  public Drawing {
    systems = List.copyOf(systems);
    if (answers < 1 || batch < 1) {
      throw new IllegalArgumentException("`answers` (" + answers + ") and `batch` (" + batch + ") must be >= 1; Llama 3 draws 10 to 30 answers");
    }
    if (!(lowest > 0 && highest >= lowest && highest < Double.POSITIVE_INFINITY)) {
      throw new IllegalArgumentException("temperatures must be above 0, the lowest first, but were " + lowest + " and " + highest + "; 0.7 is usual");
    }
    if (systems.isEmpty()) {
      throw new IllegalArgumentException("there is no round; give one system prompt, which may be empty");
    }
  }

  /// One round at one temperature.
  public static Drawing of(int answers, Options options, int batch) {
    double temperature = options.sampling().temperature();
    return new Drawing(answers, options, temperature, temperature, List.of(""), batch);
  }

  boolean isOneTemperature() {
    return lowest == highest;
  }

  /// The temperature of the prompt of a number, the same whenever it is asked.
  double temperature(long prompt) {
    return isOneTemperature() ? lowest : new SplittableRandom(options.seed() * 0x9E3779B97F4A7C15L + prompt).nextDouble(lowest, highest);
  }

  /// The options of a round, whose draws are its own.
  Options of(int round, double temperature) {
    Sampling sampling = options.sampling().withTemperature(temperature);
    return options.withSampling(sampling).withSeed(options.seed() + 0x632BE59BD9B4E019L * round);
  }
}
