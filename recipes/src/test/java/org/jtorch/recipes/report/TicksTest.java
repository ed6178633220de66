package org.jtorch.recipes.report;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class TicksTest {
  @ParameterizedTest
  @CsvSource(delimiter = '|', value = {
      "0    | 3000   | 6 | 0 500 1k 1.5k 2k 2.5k 3k",
      "0    | 6e-4   | 5 | 0 1e-4 2e-4 3e-4 4e-4 5e-4 6e-4",
      "1.4  | 11.2   | 5 | 2 4 6 8 10",
      "0.52 | 1.27   | 4 | 0.6 0.8 1 1.2",
      "-0.3 | 0.3    | 6 | -0.3 -0.2 -0.1 0 0.1 0.2 0.3",
      "0    | 2.1e6  | 4 | 0 500k 1M 1.5M 2M",
      "3.2  | 3.2    | 5 | 3.2"})
  void stepsAreRoundAndLabelsShort(double low, double high, int count, String labels) {
    var ticks = Ticks.between(low, high, count);
    assertThat(ticks.values().stream().map(ticks::label)).containsExactly(labels.split(" "));
  }

  @Test
  void rangeOfRoundingErrorsHasOneTick() {
    assertThat(Ticks.between(2000, Math.nextUp(2000.0), 2000).values()).containsExactly(2000.0);
  }

  @Test
  void ticksLieInsideTheRange() {
    assertThat(Ticks.between(0.13, 0.97, 5).values()).isNotEmpty().allMatch(v -> v >= 0.13 && v <= 0.97);
  }
}
