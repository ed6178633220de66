package org.jtorch.align.reward;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.Arrays;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class CalibrationTest {
  @Test void binsHoldWhatWasSaidAndWhatWasRight() {
    double lead = Math.log(0.85 / 0.15);                                      // says 0.85
    var calibration = Calibration.of(new double[] {lead, lead, -lead, lead, 0});
    assertThat(calibration.bins()).hasSize(2);
    assertThat(calibration.bins().getFirst()).isEqualTo(new Calibration.Bin(0.5, 0.6, 1, 0.5, 0.5));
    assertThat(calibration.bins().get(1).said()).isCloseTo(0.85, within(1e-12));
    assertThat(calibration.bins().get(1).right()).isEqualTo(0.75);
    assertThat(calibration.error()).isCloseTo(0.8 * 0.1, within(1e-12));
    assertThat(Calibration.of(new double[0]).error()).isNaN();
  }

  @Test void scoresThatAreRightAsOftenAsTheySayHaveNoErrorAndBoastfulOnesDo() {
    var random = new SplittableRandom(3);
    double[] leads = IntStream.range(0, 40_000).mapToDouble(_ -> {
      double lead = random.nextDouble(0, 3);
      return random.nextDouble() < 1 / (1 + Math.exp(-lead)) ? lead : -lead;
    }).toArray();
    assertThat(Calibration.of(leads).error()).isLessThan(0.01);
    assertThat(Calibration.of(Arrays.stream(leads).map(l -> 4 * l).toArray()).error()).isGreaterThan(0.1);
  }
}
