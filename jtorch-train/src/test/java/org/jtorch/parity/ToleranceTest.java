package org.jtorch.parity;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.jtorch.io.JsonFile;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ToleranceTest {
  private static final Tolerance GRADIENT = new Tolerance(0, 1e-4, true);

  @TempDir Path temp = Path.of("");

  @Test void absoluteAndRelativeAddUp() {
    var t = new Tolerance(1e-3, 1e-2, false);
    assertThat(t.check("x", new double[] {100.9}, new double[] {100}).passed()).isTrue();
    var far = t.check("x", new double[] {1, 101.1}, new double[] {1, 100});
    assertThat(far.passed()).isFalse();
    assertThat(far.note()).contains("value 1 is 101.1 but 100.0 is stored");
  }

  @Test void gradientsAreMeasuredByTheLargest() {
    assertThat(GRADIENT.check("g", new double[] {1, 9e-5}, new double[] {1, 0}).passed()).isTrue();
    assertThat(GRADIENT.check("g", new double[] {1, 2e-4}, new double[] {1, 0}).passed()).isFalse();
  }

  @Test void aGradientThatIsZeroUpToRoundingMustBeSmall() {
    double[] stored = {1e-9, -5e-8};
    assertThat(GRADIENT.check("g", new double[] {9e-7, 0}, stored).passed()).isTrue();
    assertThat(GRADIENT.check("g", new double[] {2e-6, 0}, stored).passed()).isFalse();
  }

  @Test void whatIsNoNumberFails() {
    double[] one = {1};
    assertThat(GRADIENT.check("g", new double[] {Double.NaN}, one).passed()).isFalse();
    assertThat(GRADIENT.check("g", new double[] {Double.NaN}, new double[] {0}).passed()).isFalse();
    assertThat(Tolerance.LOGITS.check("x", new double[] {Double.NaN}, one).passed()).isFalse();
    assertThat(Tolerance.LOGITS.check("x", new double[0], one).note()).isEqualTo("0 values but 1 are stored");
  }

  @Test void tokenIdsAreExactAndTheFirstWrongOneIsNamed() {
    long[] stored = {1, 2, 3, 4};
    assertThat(Tolerance.exact("ids", new long[] {1, 2, 3, 4}, stored, 2).passed()).isTrue();
    var wrong = Tolerance.exact("ids", new long[] {1, 2, 3, 5}, stored, 2);
    assertThat(wrong.passed()).isFalse();
    assertThat(wrong.note()).isEqualTo("token 1 of row 1 is 5 but 4 is stored");
  }

  @Test void theMostSpecificKeyOfTheCaseCounts() throws IOException {
    Path file = temp.resolve("case.json");
    Files.writeString(file, """
        {"tolerance": {"pos.logits": {"atol": 0.5}, "logits": {"atol": 0.25, "rtol": 0.125}, "generation": "ids must be equal",
         "grad": {"max_abs_diff_over_max_abs_value": 0.75}}}""");
    var json = JsonFile.open(file);
    assertThat(Tolerance.of(json, Tolerance.LOGITS, "pos.logits", "logits")).isEqualTo(new Tolerance(0.5, 0, false));
    assertThat(Tolerance.of(json, Tolerance.LOGITS, "gen.logits", "logits")).isEqualTo(new Tolerance(0.25, 0.125, false));
    assertThat(Tolerance.of(json, Tolerance.GRADIENT, "grad")).isEqualTo(new Tolerance(0, 0.75, true));
    assertThat(Tolerance.of(json, Tolerance.LOSS, "generation")).isEqualTo(Tolerance.LOSS);
  }
}
