package org.jtorch.align.preference;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.List;
import java.util.Objects;
import java.util.function.DoubleUnaryOperator;
import java.util.stream.Stream;
import org.jtorch.tensor.DType;
import org.jtorch.tensor.Device;
import org.jtorch.tensor.Ops;
import org.jtorch.tensor.Tensor;
import org.jtorch.tensor.TensorScope;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// Losses at numbers that are worked out by hand, and their gradients against differences.
class PreferenceLossTest {
  private static final double[] SCORES = {2, -1, 0.3, 0, 1.5, -0.4};                       // three chosen, three rejected
  private static final double[] TOKENS = {4, 2, 1, 3, 5, 2};

  @AfterEach void nothingLives() {
    assertThat(TensorScope.stats().live()).isZero();
  }

  private static Tensor doubles(double... values) {
    Tensor t = Ops.zeros(DType.F64, Device.CPU, values.length);
    for (int i = 0; i < values.length; i++) {
      t.narrow(0, i, 1).fillInPlace(values[i]);
    }
    return t;
  }

  private static double sum(PreferenceLoss loss, double... scores) {
    try (var _ = TensorScope.open()) {
      return loss.losses(PairScores.of(doubles(scores), doubles(TOKENS).narrow(0, 0, scores.length))).sum().item();
    }
  }

  /// One pair whose log-ratios are half of the margin and minus half of it, of one token each.
  private static double at(PreferenceLoss loss, double margin) {
    try (var _ = TensorScope.open()) {
      return loss.losses(PairScores.of(doubles(margin / 2, -margin / 2), doubles(1, 1))).sum().item();
    }
  }

  static Stream<PreferenceLoss> all() {
    return Stream.of(new Dpo(0.1), new Dpo(0.5, 0.1), new RobustDpo(0.3, 0.2), new Ipo(0.2), new Ipo(0.2, false), new Hinge(0.4),
        new DpoPerToken(2), new Nca(0.3), new Bco(0.3), new Sppo(0.5), new Apo(0.4, Apo.Anchor.ZERO), new Apo(0.4, Apo.Anchor.DOWN),
        new Exo(0.3, 0.1));
  }

  @ParameterizedTest @MethodSource("all") void gradientsAreThoseOfDifferences(PreferenceLoss loss) {
    checkGradient(loss, SCORES);
  }

  @Test void gradientsWithoutAReferenceAreThoseOfDifferences() {
    double[] logps = {-3, -2, -0.3, -6, -1.5, -0.4};
    checkGradient(new SimPo(2, 0.5), logps);
    checkGradient(new Orpo(0.3), logps);
  }

  private static void checkGradient(PreferenceLoss loss, double[] scores) {
    try (var _ = TensorScope.open()) {
      Tensor leaf = doubles(scores).requiresGrad(true);
      loss.losses(PairScores.of(leaf, doubles(TOKENS))).sum().backward();
      double[] gradient = Objects.requireNonNull(leaf.grad()).toDoubles();
      for (int i = 0; i < scores.length; i++) {
        double[] up = scores.clone();
        double[] down = scores.clone();
        up[i] += 1e-5;
        down[i] -= 1e-5;
        assertThat(gradient[i]).as("%s, score %d", loss, i).isCloseTo((sum(loss, up) - sum(loss, down)) / 2e-5, within(1e-8));
      }
    }
  }

  /// Policy −12 and −15, reference −13 and −14: the margin is 2; `−log σ(0.2)` = 0.598; IPO of τ = 0.1 `(2 − 5)²` = 9.
  @Test void theSpecificationsNumbers() {
    assertThat(sum(new Dpo(0.1), -12 + 13, -15 + 14)).isCloseTo(0.5981388694, within(1e-9));
    assertThat(sum(new Ipo(0.1, false), -12 + 13, -15 + 14)).isCloseTo(9, within(1e-12));
    assertThat(sum(new Dpo(0.1), -12 + 13, -15 + 14) + 0.2 * (12 / 6.0)).as("with 0.2 times the likelihood of six tokens")
        .isCloseTo(0.9981388694, within(1e-9));
  }

  @Test void withoutAMarginDpoIsTheLogarithmOfTwoAndItsGradientHalfOfBeta() {
    try (var _ = TensorScope.open()) {
      Tensor leaf = doubles(-7, -7).requiresGrad(true);
      Tensor loss = new Dpo(0.1).losses(PairScores.of(leaf, doubles(1, 1))).sum();
      loss.backward();
      assertThat(loss.item()).isCloseTo(Math.log(2), within(1e-12));
      assertThat(Objects.requireNonNull(leaf.grad()).toDoubles()).containsExactly(new double[] {-0.05, 0.05}, within(1e-12));
    }
  }

  @Test void smoothingAndNoiseByHand() {
    DoubleUnaryOperator minusLogSigmoid = x -> Math.log1p(Math.exp(-x));
    double right = minusLogSigmoid.applyAsDouble(0.2);
    double wrong = minusLogSigmoid.applyAsDouble(-0.2);
    assertThat(at(new Dpo(0.1, 0.1), 2)).isCloseTo(0.9 * right + 0.1 * wrong, within(1e-12));
    assertThat(at(new RobustDpo(0.1, 0.1), 2)).isCloseTo((0.9 * right - 0.1 * wrong) / 0.8, within(1e-12));
    assertThat(at(new Hinge(0.1), 2)).isCloseTo(0.8, within(1e-12));
    assertThat(at(new Hinge(1), 2)).isZero();
  }

  /// Chosen −2 over 4 tokens, rejected −3 over 2: `2 (−0.5 + 1.5) − 0.5` = 1.5.
  @Test void simPoByHand() {
    try (var _ = TensorScope.open()) {
      double loss = new SimPo(2, 0.5).losses(PairScores.of(doubles(-2, -3), doubles(4, 2))).sum().item();
      assertThat(loss).isCloseTo(Math.log1p(Math.exp(-1.5)), within(1e-12));
    }
  }

  /// p = e^−0.5 and e^−1.5: the odds are 1.5415 and 0.28722, the logarithm of their quotient 1.68023.
  @Test void orpoByHand() {
    try (var _ = TensorScope.open()) {
      double ratio = Math.log(Math.exp(-0.5) / (1 - Math.exp(-0.5))) - Math.log(Math.exp(-1.5) / (1 - Math.exp(-1.5)));
      double loss = new Orpo(0.1).losses(PairScores.of(doubles(-2, -3), doubles(4, 2))).sum().item();
      assertThat(loss).isCloseTo(0.1 * Math.log1p(Math.exp(-ratio)), within(1e-12));
      assertThat(new Orpo(0.1).losses(PairScores.of(doubles(0, -3), doubles(4, 2))).sum().item()).as("an answer that is certain").isFinite();
    }
  }

  /// `1 − σ(0.1 (3 − 1))` for the good one, `1 − σ(0.1 (1 − 3))`, twice, for the bad one.
  @Test void ktoByHand() {
    try (var _ = TensorScope.open()) {
      double[] losses = new Kto(0.1, 1, 2).losses(doubles(3, 3), Tensor.of(1L, 0L).eq(1), 1).toDoubles();
      double sigmoid = 1 / (1 + Math.exp(-0.2));
      assertThat(losses).containsExactly(new double[] {1 - sigmoid, 2 * sigmoid}, within(1e-9));
      assertThat(new Kto(0.1).losses(doubles(3), Tensor.of(1L).eq(1), -4).item()).as("a negative estimate counts as 0")
          .isCloseTo(1 - 1 / (1 + Math.exp(-0.3)), within(1e-9));
    }
  }

  @Test void swappingRolesFlipsTheSignOfTheMargin() {
    try (var _ = TensorScope.open()) {
      var there = PairScores.of(doubles(2, -1, 5, 4), doubles(1, 1, 1, 1)).margin().toDoubles();
      var back = PairScores.of(doubles(5, 4, 2, -1), doubles(1, 1, 1, 1)).margin().toDoubles();
      assertThat(back).containsExactly(-there[0], -there[1]);
    }
  }

  /// Labels that say so with the probability p: DPO's best margin is `logit(p) / β`, IPO's `(p − ½) / τ`, which stays finite at p = 1.
  @Test void theBestMarginsOfABandit() {
    double p = 0.8;
    assertThat(best(m -> p * at(new Dpo(0.5), m) + (1 - p) * at(new Dpo(0.5), -m))).isCloseTo(Math.log(p / (1 - p)) / 0.5, within(1e-3));
    assertThat(best(m -> p * at(new Ipo(0.1, false), m) + (1 - p) * at(new Ipo(0.1, false), -m))).isCloseTo((p - 0.5) / 0.1, within(1e-3));
    assertThat(best(m -> at(new Ipo(0.1, false), m))).as("where all agree").isCloseTo(5, within(1e-3));
    assertThat(at(new Dpo(0.5), 200)).as("where DPO goes on").isLessThan(at(new Dpo(0.5), 20));
  }

  /// The minimum on [−10, 10], by golden section.
  private static double best(DoubleUnaryOperator f) {
    double low = -10;
    double high = 10;
    double g = (Math.sqrt(5) - 1) / 2;
    while (high - low > 1e-5) {
      double a = high - g * (high - low);
      double b = low + g * (high - low);
      if (f.applyAsDouble(a) < f.applyAsDouble(b)) {
        high = b;
      } else {
        low = a;
      }
    }
    return (low + high) / 2;
  }

  @Test void settingsAreChecked() {
    assertThatThrownBy(() -> new Dpo(0)).hasMessage("`beta` must be > 0 but was 0.0; 0.1 is usual");
    assertThatThrownBy(() -> new Dpo(0.1, 0.5)).hasMessageContaining("`label_smoothing`");
    assertThatThrownBy(() -> new RobustDpo(0.1, 0.5)).hasMessageContaining("[0, 0.5)");
    assertThatThrownBy(() -> new Exo(0.1, 0)).hasMessageContaining("`label_smoothing` must be > 0");
    assertThatThrownBy(() -> new SimPo(2, -1)).hasMessageContaining("`gamma`");
    assertThatThrownBy(() -> new Kto(0.1, 0, 1)).hasMessageContaining("`desirable`");
    assertThat(List.of(new Orpo(0.1).usualNll(), new Dpo(0.1).usualNll())).containsExactly(1.0, 0.0);
  }
}
