package org.jtorch.eval.stats;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.within;

import java.util.stream.DoubleStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// Figures worked out by hand, and tables of Student's distribution.
class EstimateTest {
  /// 3 of 4 right: mean 0.75, deviations 0.25² · 3 + 0.75² = 0.75, over n - 1 = 3 is 0.25, over n = 4 is 0.0625, whose root is 0.25.
  @Test void theErrorOfAnAccuracy() {
    var e = Estimate.mean(1, 1, 0, 1);
    assertThat(e.value()).isEqualTo(0.75);
    assertThat(e.standardError()).isCloseTo(0.25, within(1e-15));
    assertThat(e.n()).isEqualTo(4);
    assertThat(Estimate.mean(0.4).standardError()).isNaN();
  }

  /// 6 bits of 2 bytes and 2 bits of 2 bytes: R = 8 / 4 = 2; what is left is 6 - 4 = 2 and 2 - 4 = -2, squares 8, times
  /// n / (n - 1) = 2 is 16, root 4, over 4 bytes is 1.
  @Test void theErrorOfARatio() {
    var e = Estimate.ratio(new double[] {6, 2}, new double[] {2, 2});
    assertThat(e.value()).isEqualTo(2);
    assertThat(e.standardError()).isCloseTo(1, within(1e-15));
    assertThat(Estimate.ratio(new double[] {3}, new double[] {2}).standardError()).isNaN();
  }

  /// Of items of one size the ratio is a mean, and so is its error.
  @Test void aRatioOfEqualSizesIsAMean() {
    var ratio = Estimate.ratio(new double[] {1, 4, 2.5}, new double[] {1, 1, 1});
    var mean = Estimate.mean(1, 4, 2.5);
    assertThat(ratio.value()).isCloseTo(mean.value(), within(1e-15));
    assertThat(ratio.standardError()).isCloseTo(mean.standardError(), within(1e-15));
  }

  /// e² = 7.389, and an error of 0.1 becomes 0.7389.
  @Test void theErrorOfAPerplexity() {
    var e = new Estimate(2, 0.1, 9).exp();
    assertThat(e.value()).isCloseTo(7.38905609893065, within(1e-12));
    assertThat(e.standardError()).isCloseTo(0.738905609893065, within(1e-12));
    assertThat(new Estimate(2, 0.1, 9).times(-3)).isEqualTo(new Estimate(-6, 0.30000000000000004, 9));
  }

  /// 8 items on which the second is right and the first wrong, 1 the other way round: P(at most 1 of 9) = (1 + 9) / 512, twice.
  @Test void mcNemarCountsTheItemsOnWhichTheModelsDiffer() {
    double[] first = {0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 0};
    double[] second = {1, 1, 1, 1, 1, 1, 1, 1, 0, 1, 0};
    var test = PairedTest.mcNemar(first, second);
    assertThat(test.p()).isCloseTo(20.0 / 512, within(1e-15));
    assertThat(test.difference()).isCloseTo(7.0 / 11, within(1e-15));
    assertThat(PairedTest.mcNemar(second, first).p()).isCloseTo(20.0 / 512, within(1e-15));
    assertThat(PairedTest.mcNemar(first, first).p()).isEqualTo(1);
  }

  /// 1,300 against 1,200 of 2,500: z = 100 / 50 = 2, whose two sides hold 0.0455; the exact test's steps make it a little more.
  @Test void mcNemarOfManyItems() {
    double[] first = DoubleStream.concat(DoubleStream.generate(() -> 1).limit(1_200), DoubleStream.generate(() -> 0).limit(1_300)).toArray();
    double[] second = DoubleStream.of(first).map(x -> 1 - x).toArray();
    assertThat(PairedTest.mcNemar(first, second).p()).isCloseTo(0.0477, within(3e-4));
  }

  /// Quantiles of Student's distribution as tables print them.
  @ParameterizedTest @CsvSource({"1, 12.706, 0.05", "2, 4.303, 0.05", "3, 3.182, 0.05", "4, 2.776, 0.05", "5, 2.571, 0.05", "9, 2.262, 0.05",
      "10, 2.228, 0.05", "30, 2.042, 0.05", "31, 2.040, 0.05", "120, 1.980, 0.05", "4, 4.604, 0.01", "7, 3.499, 0.01", "1000, 2.581, 0.01"})
  void studentsTable(long freedom, double t, double p) {
    assertThat(PairedTest.twoSided(t, freedom)).isCloseTo(p, within(p / 500));
    assertThat(PairedTest.twoSided(-t, freedom)).isEqualTo(PairedTest.twoSided(t, freedom));
  }

  /// Differences 1, 2, 3: mean 2, error 1/√3, t = 3.4641 with 2 degrees of freedom: p = 1 - t/√(t² + 2) = 0.0742.
  @Test void theTTestOfPairs() {
    var test = PairedTest.t(new double[] {1, 1, 1}, new double[] {2, 3, 4});
    assertThat(test.difference()).isCloseTo(2, within(1e-15));
    assertThat(test.p()).isCloseTo(1 - Math.sqrt(12.0 / 14), within(1e-12));
    assertThat(PairedTest.t(new double[] {1, 2}, new double[] {1, 2}).p()).isEqualTo(1);
    assertThat(PairedTest.t(new double[] {1, 2}, new double[] {2, 3}).p()).isZero();
    assertThat(PairedTest.t(new double[] {1}, new double[] {2}).p()).isNaN();
    assertThatIllegalArgumentException().isThrownBy(() -> PairedTest.t(new double[] {1}, new double[] {1, 2})).withMessageContaining("1 and 2");
  }
}
