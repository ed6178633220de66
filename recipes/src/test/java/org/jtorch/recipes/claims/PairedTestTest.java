package org.jtorch.recipes.claims;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// Student's t-test against the tables of the distribution.
class PairedTestTest {
  /// Two-sided quantiles as printed in tables, to three digits behind the point.
  @ParameterizedTest
  @CsvSource({"1, 0.95, 12.706", "2, 0.95, 4.303", "3, 0.95, 3.182", "4, 0.95, 2.776", "5, 0.95, 2.571", "10, 0.95, 2.228", "30, 0.95, 2.042",
      "2, 0.99, 9.925", "7, 0.99, 3.499", "9, 0.90, 1.833"})
  void quantilesAreThoseOfTheTables(int freedom, double probability, double t) {
    assertThat(PairedTest.quantile(probability, freedom)).isCloseTo(t, within(5e-4));
    assertThat(PairedTest.within(t, freedom)).isCloseTo(probability, within(3e-5));
  }

  /// 1, 2, 3: mean 2, deviation 1, error 1/√3, t = 2√3; with 2 degrees of freedom p = 1 − t/√(t² + 2) = 1 − √(12/14).
  @Test void threeDifferencesByHand() {
    var test = PairedTest.of(new double[] {1, 2, 3});
    assertThat(test.mean()).isEqualTo(2);
    assertThat(test.error()).isCloseTo(1 / Math.sqrt(3), within(1e-15));
    assertThat(test.p()).isCloseTo(1 - Math.sqrt(12.0 / 14), within(1e-15));
    assertThat(test.halfWidth()).isCloseTo(4.302653 / Math.sqrt(3), within(1e-5));
  }

  /// With 1 degree of freedom the distribution is Cauchy's: p = 1 − 2/π atan(t), and t = 3 for 1 and 2.
  @Test void twoDifferencesByHand() {
    assertThat(PairedTest.of(new double[] {1, 2}).p()).isCloseTo(1 - 2 / Math.PI * Math.atan(3), within(1e-15));
  }

  @Test void theSignMakesNoDifferenceToP() {
    assertThat(PairedTest.of(new double[] {-1, -2, -3}).p()).isEqualTo(PairedTest.of(new double[] {1, 2, 3}).p());
  }

  @Test void differencesWithoutSpread() {
    assertThat(PairedTest.of(new double[] {0, 0, 0}).p()).isEqualTo(1);
    assertThat(PairedTest.of(new double[] {0.5, 0.5, 0.5}).p()).isEqualTo(0);
    assertThat(PairedTest.of(new double[] {0.5}).p()).isNaN();
  }
}
