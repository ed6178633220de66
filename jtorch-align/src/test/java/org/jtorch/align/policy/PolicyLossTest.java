package org.jtorch.align.policy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.Callable;
import java.util.function.Function;
import java.util.function.IntToDoubleFunction;
import org.jspecify.annotations.Nullable;
import org.jtorch.io.JsonFile;
import org.jtorch.tensor.DType;
import org.jtorch.tensor.Device;
import org.jtorch.tensor.Ops;
import org.jtorch.tensor.Tensor;
import org.jtorch.tensor.TensorScope;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// Formulas at worked figures, and on a bandit of three arms where everything can be enumerated.
class PolicyLossTest {
  private static final double[] PI = {0.5, 0.3, 0.2};

  @AfterEach void nothingLives() {
    assertThat(TensorScope.stats().live()).isZero();
  }

  private static Tensor f64(double... values) {
    var floats = new float[values.length];
    for (int i = 0; i < floats.length; i++) {
      floats[i] = (float) values[i];
    }
    return Ops.of(floats, Device.CPU, values.length, 1).to(DType.F64);
  }

  private static PolicyScores answers(Tensor logps, Tensor old, double... advantages) {
    return new PolicyScores(logps, old, null, f64(advantages), Ops.ones(DType.F64, Device.CPU, advantages.length, 1));
  }

  /// Loss and gradient of one answer of one token at a ratio.
  private static double[] at(PolicyLoss loss, double ratio, double advantage) {
    try (var _ = TensorScope.open()) {
      Tensor now = Ops.full(Math.log(ratio), DType.F64, Device.CPU, 1, 1).requiresGrad(true);
      Tensor found = loss.loss(answers(now, Ops.zerosLike(now.detach()), advantage), new Totals(1, 1));
      found.backward();
      return new double[] {found.detach().item(), Objects.requireNonNull(now.grad()).item()};
    }
  }

  // ---- advantages

  @Test void leaveOneOut() {
    var loo = new LeaveOneOut(false);
    assertThat(loo.of(new double[] {1, 2, 4, 9}, 4)).containsExactly(new double[] {-4, -8.0 / 3, 0, 20.0 / 3}, within(1e-12));
    assertThat(loo.of(new double[] {3, 5}, 2)).containsExactly(-2, 2);
    assertThat(loo.of(new double[] {7, 7, 7}, 3)).containsOnly(0);
    assertThat(loo.of(new double[] {101, 102, 104, 109}, 4)).as("a constant changes nothing").containsExactly(loo.of(new double[] {1, 2, 4, 9}, 4), within(1e-12));
    assertThat(Arrays.stream(loo.of(new double[] {1, 2, 4, 9, -3, 0, 8, 1}, 4)).sum()).isCloseTo(0, within(1e-12));
  }

  @Test void whatCannotBeJudgedIsLeftOutOfTheMeans() {
    var loo = new LeaveOneOut(false);
    assertThat(loo.of(new double[] {1, Double.NaN, 4}, 3)).containsExactly(-3, 0, 3);
    assertThat(loo.of(new double[] {1, Double.NaN, Double.NaN}, 3)).as("one alone has nothing to lead").containsOnly(0);
    assertThat(new GroupMean(GroupMean.Scale.NONE).of(new double[] {1, Double.NaN, 4}, 3)).containsExactly(-1.5, 0, 1.5);
    assertThat(new BatchMean().of(new double[] {1, Double.NaN, 4}, 1)).containsExactly(-3, 0, 3);
    assertThat(new BestOf().of(new double[] {1, Double.NaN, 4, 4, 2, Double.NaN}, 3)).as("the first of equals").containsExactly(0, 0, 1, 1, 0, 0);
  }

  /// The mean of the estimator over all K-tuples of arms is the exact gradient of the expected reward.
  @ParameterizedTest @CsvSource({"2", "3"}) void leaveOneOutIsUnbiased(int k) {
    double[] reward = {1, 0, -1};
    double[] exact = gradient(reward);
    double[] mean = new double[3];
    for (int tuple = 0; tuple < Math.pow(3, k); tuple++) {
      int[] arms = new int[k];
      double probability = 1;
      for (int i = 0, rest = tuple; i < k; i++, rest /= 3) {
        arms[i] = rest % 3;
        probability *= PI[arms[i]];
      }
      double[] advantages = new LeaveOneOut(false).of(Arrays.stream(arms).mapToDouble(a -> reward[a]).toArray(), k);
      for (int i = 0; i < k; i++) {
        for (int j = 0; j < 3; j++) {
          mean[j] += probability * advantages[i] * ((arms[i] == j ? 1 : 0) - PI[j]) / k;
        }
      }
    }
    assertThat(mean).containsExactly(exact, within(1e-12));
  }

  /// d E[r] / d logits of a softmax.
  private static double[] gradient(double[] reward) {
    double expected = 0;
    for (int j = 0; j < 3; j++) {
      expected += PI[j] * reward[j];
    }
    double[] gradient = new double[3];
    for (int j = 0; j < 3; j++) {
      gradient[j] = PI[j] * (reward[j] - expected);
    }
    return gradient;
  }

  @Test void generalizedAdvantages() {
    double[] values = {0.5, 0.4, 0.3};
    double[] advantages = new Gae(1, 0.95).advantages(new double[] {0, 0, 1}, values);
    assertThat(advantages).containsExactly(new double[] {0.43675, 0.565, 0.7}, within(1e-12));
    assertThat(Gae.returns(advantages, values)).containsExactly(new double[] {0.93675, 0.965, 1.0}, within(1e-12));
    assertThat(new Gae(1, 1).advantages(new double[] {0, 2, 1}, values)).as("what came after, minus the critic")
        .containsExactly(new double[] {2.5, 2.6, 0.7}, within(1e-12));
    assertThat(new Gae(0.9, 0).advantages(new double[] {0, 0, 1}, values)).containsExactly(new double[] {-0.14, -0.13, 0.7}, within(1e-12));
  }

  @Test void tokensPayForTheirKlAndTheLastOneEarns() {
    assertThat(new TokenRewards(0.1, KlEstimator.K1).of(new float[] {-1, -2}, new float[] {-2, -1.5f}, 3)).containsExactly(new double[] {-0.1, 3.05}, within(1e-7));
    assertThat(new TokenRewards(0.1, KlEstimator.K1).of(new float[] {-1, -2}, new float[0], 3)).containsExactly(0, 3);
  }

  // ---- clips

  @ParameterizedTest @CsvSource({"1.5, 1, 1.2, 0", "1.5, -1, -1.5, 1.5", "0.5, 1, 0.5, -0.5", "0.5, -1, -0.8, 0"})
  void clippedRatios(double ratio, double advantage, double objective, double gradient) {
    for (PolicyLoss loss : List.of(ClippedTokens.ppo(0.2), new ClippedAnswers(0.2, 0.2))) {
      assertThat(at(loss, ratio, advantage)[0]).as("%s", loss).isCloseTo(-objective, within(1e-6));
      assertThat(at(loss, ratio, advantage)[1]).as("%s", loss).isCloseTo(gradient, within(1e-6));
    }
  }

  @Test void whatAClipHoldsIsCounted() {
    try (var _ = TensorScope.open()) {
      Tensor now = f64(Math.log(1.5), Math.log(1.5), Math.log(0.5), Math.log(0.5), 0);
      var scores = answers(now, Ops.zerosLike(now), 1, -1, 1, -1, 1);
      for (PolicyLoss loss : List.of(ClippedTokens.ppo(0.2), new ClippedAnswers(0.2, 0.2))) {
        assertThat(Objects.requireNonNull(loss.clipped(scores)).toDoubles()).as("%s", loss).containsExactly(1, 0, 0, 1, 0);
      }
      assertThat(new MirrorDescent(1).clipped(scores)).isNull();
    }
  }

  /// Where the policy is the one that answered, all are the plain policy gradient.
  @Test void theFirstGradientIsThePolicyGradient() {
    for (PolicyLoss loss : List.of(new PolicyGradient(), new ClippedAnswers(0.2, 0.2), ClippedTokens.ppo(0.2), new MirrorDescent(3),
        new MirrorDescentTokens(3, false))) {
      assertThat(at(loss, 1, 2.5)[1]).as("%s", loss).isCloseTo(-2.5, within(1e-6));
    }
    assertThat(at(new MirrorDescent(0.5), 1.5, 1)[1]).as("its step gets smaller the further it has gone")
        .isCloseTo(-1.5 * (1 - 0.5 * Math.log(1.5)), within(1e-6));
  }

  // ---- mirror descent

  @Test void waysOfMirrorDescent() {
    double[] k1 = {-0.3032653299, 0, 0.8243606353};
    double[] k3 = {0.0902040105, 0, 0.1756393646};
    for (int i = 0; i < 3; i++) {
      double ratio = Math.exp((i - 1) * 0.5);
      assertThat(at(new MirrorDescent(1, MirrorDescent.Way.K1, false), ratio, 0)[0]).isCloseTo(k1[i], within(1e-7));
      assertThat(at(new MirrorDescent(1), ratio, 0)[0]).isCloseTo(k3[i], within(1e-7));
    }
    assertThat(at(new MirrorDescent(7, MirrorDescent.Way.NONE, false), 2, 1)[0]).isCloseTo(-2, within(1e-7));
  }

  /// The answers of the bandit in the shares of π_k, so that the mean over them is the expectation.
  private static double[] climbed(double gamma, MirrorDescent.Way way) {
    int[] shares = {5, 3, 2};
    double[] arm = new double[10];
    double[] advantages = new double[10];
    for (int a = 0, at = 0; a < 3; a++) {
      for (int i = 0; i < shares[a]; i++, at++) {
        arm[at] = a;
        advantages[at] = 1 - a;
      }
    }
    long[] index = Arrays.stream(arm).mapToLong(a -> (long) a).toArray();
    return ascent(logps -> {
      Tensor picked = logps.indexSelect(0, Ops.of(index, Device.CPU, 10)).view(10, 1);
      Tensor old = f64(PI).log().view(3).indexSelect(0, Ops.of(index, Device.CPU, 10)).view(10, 1);
      return new MirrorDescent(gamma, way, false).loss(answers(picked, old, advantages), new Totals(10, 10));
    });
  }

  /// Gradient descent over the logits of three arms.
  private static double[] ascent(Function<Tensor, Tensor> loss) {
    double[] logits = Arrays.stream(PI).map(Math::log).toArray();
    for (int i = 0; i < 3_000; i++) {
      try (var _ = TensorScope.open()) {
        Tensor theta = exact(logits).requiresGrad(true);
        loss.apply(theta.logSoftmax(-1, DType.F64)).backward();
        double[] gradient = Objects.requireNonNull(theta.grad()).toDoubles();
        for (int j = 0; j < 3; j++) {
          logits[j] -= gradient[j];
        }
      }
    }
    double sum = Arrays.stream(logits).map(Math::exp).sum();
    return Arrays.stream(logits).map(l -> Math.exp(l) / sum).toArray();
  }

  private static Tensor exact(double[] values) {
    Tensor t = Ops.empty(DType.F64, Device.CPU, values.length);
    t.asSegment().copyFrom(MemorySegment.ofArray(values));
    return t;
  }

  /// π ∝ π_k exp(A / γ).
  @ParameterizedTest
  @CsvSource({"0.5, 0.91867231, 0.07459727, 0.00673043", "1, 0.78439876, 0.17313851, 0.04246273", "2, 0.66178263, 0.24083487, 0.09738249"})
  void theMaximiserIsTheMirrorStep(double gamma, double a, double b, double c) {
    for (var way : List.of(MirrorDescent.Way.K3, MirrorDescent.Way.K1)) {
      assertThat(climbed(gamma, way)).as("%s", way).containsExactly(new double[] {a, b, c}, within(2e-6));
    }
  }

  /// With the shaped reward the gap of log-probabilities to π* ∝ π_ref exp(r / β) shrinks by 1 − β/γ a step.
  @Test void repeatedMirrorStepsReachTheRegularisedOptimum() {
    double beta = 0.5;
    double gamma = 1;
    double[] reward = {1, 0, -1};
    double[] reference = {0.2, 0.5, 0.3};
    double[] best = normal(i -> reference[i] * Math.exp(reward[i] / beta));
    assertThat(best).containsExactly(new double[] {0.73216537, 0.24771952, 0.02011511}, within(1e-8));
    double[] pi = reference.clone();
    List<Double> gaps = new ArrayList<>();
    for (int k = 0; k < 5; k++) {
      gaps.add((Math.log(best[0]) - Math.log(best[2])) - (Math.log(pi[0]) - Math.log(pi[2])));
      double[] now = pi;
      double[] shaped = new double[3];
      double mean = 0;
      for (int i = 0; i < 3; i++) {
        shaped[i] = reward[i] - beta * (Math.log(now[i]) - Math.log(reference[i]));
        mean += now[i] * shaped[i];
      }
      double value = mean;
      pi = normal(i -> now[i] * Math.exp((shaped[i] - value) / gamma));
      if (k == 0) {
        assertThat(pi).containsExactly(new double[] {0.471098, 0.433268, 0.095634}, within(1e-6));
      }
    }
    assertThat(gaps).as("4, 2, 1, a half, a quarter").satisfies(g -> {
      for (int k = 0; k < 5; k++) {
        assertThat(g.get(k)).isCloseTo(4 * Math.pow(0.5, k), within(1e-9));
      }
    });
  }

  private static double[] normal(IntToDoubleFunction weight) {
    double[] w = {weight.applyAsDouble(0), weight.applyAsDouble(1), weight.applyAsDouble(2)};
    double sum = Arrays.stream(w).sum();
    return Arrays.stream(w).map(x -> x / sum).toArray();
  }

  /// Each estimator's mean under the policy that sampled is the exact divergence.
  @Test void estimatorsAreUnbiased() {
    double[] next = {0.1, 0.6, 0.3};
    double exact = 0;
    double k1 = 0;
    double k3 = 0;
    double reverse = 0;
    double[] estimates = new double[2];
    for (int i = 0; i < 3; i++) {
      exact += next[i] * Math.log(next[i] / PI[i]);
      reverse += PI[i] * Math.log(PI[i] / next[i]);
      k1 += PI[i] * at(new MirrorDescent(1, MirrorDescent.Way.K1, false), next[i] / PI[i], 0)[0];
      k3 += PI[i] * at(new MirrorDescent(1), next[i] / PI[i], 0)[0];
      estimates[0] += PI[i] * KlEstimator.K1.of(Math.log(PI[i] / next[i]));
      estimates[1] += PI[i] * KlEstimator.K3.of(Math.log(PI[i] / next[i]));
    }
    assertThat(k1).as("KL(π‖π_k) from π_k's samples").isCloseTo(exact, within(1e-7));
    assertThat(k3).isCloseTo(exact, within(1e-7));
    assertThat(estimates).as("KL(π‖reference) from π's own samples").containsExactly(new double[] {reverse, reverse}, within(1e-12));
  }

  @Test void annealingMakesGoingAwayDearer() {
    assertThat(new MirrorDescent(2, MirrorDescent.Way.K3, true).at(0.75)).isEqualTo(new MirrorDescent(8));
    assertThat(new MirrorDescent(2).at(0.75)).isEqualTo(new MirrorDescent(2));
    assertThat(new MirrorDescentTokens(1, true).at(0.5)).isEqualTo(new MirrorDescentTokens(2, false));
  }

  // ---- the coefficient, the bounds, what is refused

  @Test void anAdaptiveCoefficientFollowsItsTarget() {
    var beta = KlCoefficient.adaptive(0.1, 6, 0.1);
    beta.follow(12);
    assertThat(beta.beta()).as("at most a fifth of the rate").isCloseTo(0.102, within(1e-12));
    beta.follow(5.7);
    assertThat(beta.beta()).isCloseTo(0.102 * (1 - 0.1 * 0.05), within(1e-12));
    var again = KlCoefficient.adaptive(0.1, 6, 0.1);
    again.restore(JsonFile.of(Path.of("facts"), beta.facts()));
    assertThat(again.beta()).isEqualTo(beta.beta());
    var fixed = KlCoefficient.fixed(0.05);
    fixed.follow(100);
    assertThat(fixed.beta()).isEqualTo(0.05);
  }

  @Test void whatCannotBeIsRefused() {
    refused(() -> new MirrorDescent(-1), "`gamma` must be >= 0 but was -1.0");
    refused(() -> new ClippedAnswers(1.2, 0.2), "`low` must be in (0, 1)");
    refused(() -> new Gae(0, 1), "`gamma` must be in (0, 1] but was 0.0; 1 is usual");
    refused(() -> new Gae(1, 2), "`lambda` must be in [0, 1] but was 2.0; 0.95 is usual");
    refused(() -> KlCoefficient.adaptive(0.1, 0, 0.1), "`target` (0.0)");
    refused(() -> Updates.of(0, 1), "`epochs` (0)");
    refused(() -> new ValueLoss(0), "`value_clip` must be > 0");
    refused(() -> new Bounds(-1, 0, 1), "`min_entropy` (-1.0)");
    refused(() -> {
      try (var _ = TensorScope.open()) {
        return new ClippedTokens(0.2, 0.2, new Averaging.PerToken(), 0.1).loss(answers(f64(0), f64(0), 1), new Totals(1, 1));
      }
    }, "measures from a reference");
  }

  private static void refused(Callable<@Nullable Object> what, String words) {
    assertThatThrownBy(what::call).isInstanceOf(IllegalArgumentException.class).hasMessageContaining(words);
  }
}
