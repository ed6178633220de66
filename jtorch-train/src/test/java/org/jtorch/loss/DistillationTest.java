package org.jtorch.loss;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.within;

import com.google.errorprone.annotations.MustBeClosed;
import java.util.Map;
import java.util.Objects;
import java.util.function.IntToDoubleFunction;
import java.util.stream.DoubleStream;
import java.util.stream.Stream;
import org.jtorch.attention.Rope;
import org.jtorch.attention.RopeScaling;
import org.jtorch.decoder.Decoder;
import org.jtorch.family.Llama;
import org.jtorch.nn.Init;
import org.jtorch.nn.Pass;
import org.jtorch.optim.AdamW;
import org.jtorch.tensor.DType;
import org.jtorch.tensor.Device;
import org.jtorch.tensor.Grad;
import org.jtorch.tensor.GradTape;
import org.jtorch.tensor.Ops;
import org.jtorch.tensor.Rng;
import org.jtorch.tensor.Tensor;
import org.jtorch.tensor.TensorScope;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class DistillationTest {
  private static final int VOCAB = 23;

  @AfterEach void nothingIsLeft() {
    assertThat(TensorScope.stats().live()).isZero();
  }

  @MustBeClosed
  @SuppressWarnings("MustBeClosedChecker")     // ownership passes to the caller
  private static Decoder model(long seed) {
    return Decoder.create(Llama.shape(VOCAB, 16, 32, 1, 2, 1, 8, 32, new Rope(10_000, RopeScaling.NONE), 1e-5, false)
        .withInit(new Init.Normal(0.3)), Device.CPU, DType.F32, Rng.of(seed));
  }

  @ParameterizedTest @ValueSource(doubles = {0, 0.5, 1}) void aStudentApproachesItsTeacher(double beta) {
    try (var student = model(1); var teacher = model(2); var adam = AdamW.over(student.parameters(), 0, AdamW.Options.DEFAULT)) {
      student.requiresGrad(true);
      double first = 0;
      double last = 0;
      for (int step = 0; step < 60; step++) {
        try (var tape = GradTape.open()) {
          Tensor ids = Rng.of(step).uniform(0, VOCAB, DType.F32, Device.CPU, 4, 8).to(DType.I64);
          Tensor known;
          try (var _ = Grad.off()) {
            known = teacher.hidden(ids, Pass.EMPTY, null);
          }
          var loss = new ChunkedLoss(new Distillation(Teacher.of(teacher, known), Divergence.of(beta), 2, 4), 7);
          last = loss.backward(student, student.hidden(ids, Pass.training(tape), null), Tokens.of(new long[32]).withScale(1.0 / 32), tape) / 32;
          first = step == 0 ? last : first;
        }
        adam.step(1e-2);
      }
      assertThat(first).as("a divergence").isPositive();
      assertThat(last).isBetween(0.0, 0.5 * first);
    }
  }

  @Test void aTeacherLikeTheStudentCostsNothingAtAnyBeta() {
    try (var _ = TensorScope.open()) {
      Tensor logits = Rng.of(1).normal(0, 5, DType.F32, Device.CPU, 6, VOCAB);
      for (double beta : new double[] {0, 0.1, 0.9, 1}) {
        assertThat(new Distillation(_ -> logits, Divergence.of(beta), 1, 1).values(chunk(logits)).toDoubles()).containsOnly(new double[] {0}, within(1e-5));
      }
    }
  }

  @Test void tokensThatTheTeacherRulesOutStayFinite() {
    try (var _ = TensorScope.open()) {
      Tensor theirs = Ops.zeros(DType.F32, Device.CPU, 6, VOCAB);
      theirs.narrow(1, 0, 1).fillInPlace(300);
      for (double beta : new double[] {0, 0.5, 1}) {
        Tensor logits = Rng.of(1).normal(0, 1, DType.F32, Device.CPU, 6, VOCAB);
        Tensor values = new Distillation(_ -> theirs, Divergence.of(beta), 1, 1).gradient(chunk(logits));
        assertThat(values.sum().item()).isFinite().isPositive();
        assertThat(logits.abs().sum().item()).isFinite().isPositive();                    // the gradient
      }
    }
  }

  @Test void theMixtureIsBetweenTheTeachersChoiceAndTheText() {
    try (var _ = TensorScope.open()) {
      Tensor logits = Rng.of(1).normal(0, 1, DType.F32, Device.CPU, 6, VOCAB);
      Tensor theirs = Rng.of(2).normal(0, 1, DType.F32, Device.CPU, 6, VOCAB);
      double text = new TopOneMixture(_ -> theirs, 0).values(chunk(logits)).sum().item();
      double choice = new TopOneMixture(_ -> theirs, 1).values(chunk(logits)).sum().item();
      assertThat(text).isEqualTo(CrossEntropy.PLAIN.values(chunk(logits)).sum().item(), within(1e-4));
      assertThat(new TopOneMixture(_ -> theirs, 0.9).values(chunk(logits)).sum().item()).isEqualTo(0.9 * choice + 0.1 * text, within(1e-4));
    }
  }

  /// T = [.7, .2, .1], S = [.5, .3, .2].
  @Test void theValuesOfThreeTokensByHand() {
    try (var _ = TensorScope.open()) {
      var values = Map.of(0.0, 0.0851228260, 1.0, 0.0920328502, 0.1, 0.0076946877, 0.5, 0.0219011790, 0.9, 0.0081847558);
      values.forEach((beta, value) -> assertThat(three(Divergence.of(beta))).as("beta %s", beta).isEqualTo(value, within(1e-9)));
      assertThat(three(Divergence.of(1e-6)) / 1e-6).isEqualTo(0.0851228260, within(1e-5));
      double entropy = -(.7 * Math.log(.7) + .2 * Math.log(.2) + .1 * Math.log(.1));
      assertThat(three(new Divergence.SoftCrossEntropy())).isEqualTo(0.0851228260 + entropy, within(1e-9));
    }
  }

  private static double three(Divergence divergence) {
    Tensor theirs = logs(.7, .2, .1);
    Tensor logits = logs(.5, .3, .2);
    var chunk = new TokenLoss.Chunk(logits, Tensor.of(1), Ops.ones(DType.F32, Device.CPU, 1), Ops.arange(0, 1, Device.CPU), Double.POSITIVE_INFINITY);
    return new Distillation(_ -> theirs, divergence).values(chunk).item();
  }

  private static Tensor logs(double... probs) {
    return Ops.stack(0, DoubleStream.of(probs).mapToObj(p -> Ops.full(Math.log(p), DType.F64, Device.CPU, 1)).toList()).view(1, -1);
  }

  /// S = [.6, .3, .1], the teacher chooses 0, the text goes on with 1.
  @Test void theMixtureOfThreeTokensByHand() {
    try (var _ = TensorScope.open()) {
      Tensor theirs = logs(.7, .2, .1);
      var chunk = new TokenLoss.Chunk(logs(.6, .3, .1), Tensor.of(1), Ops.ones(DType.F32, Device.CPU, 1), Ops.arange(0, 1, Device.CPU),
          Double.POSITIVE_INFINITY);
      assertThat(new TopOneMixture(_ -> theirs, 0.9).values(chunk).item()).isEqualTo(0.5801403418, within(1e-9));
      assertThat(new TopOneMixture(_ -> theirs, 1).values(chunk).item()).isEqualTo(0.5108256238, within(1e-9));
    }
  }

  /// Every loss's own gradient, under a cap on the logits too, and with vocabularies that are filled up to different sizes.
  @ParameterizedTest @MethodSource("losses") void gradientsAreAutograds(String name, TokenLoss loss) {
    for (double cap : new double[] {Double.POSITIVE_INFINITY, 3}) {
      try (var _ = TensorScope.open()) {
        Tensor raw = Rng.of(1).normal(0, 1, DType.F64, Device.CPU, 6, VOCAB).requiresGrad(true);
        Tensor weights = Rng.of(3).uniform(0, 1, DType.F64, Device.CPU, 6);
        Tensor capped = Double.isInfinite(cap) ? raw : raw.div(cap).tanh().mul(cap);
        Autograd.of(loss, capped).mul(weights).sum().backward();
        Tensor logits = capped.detach().copy();
        Tensor values = loss.gradient(new TokenLoss.Chunk(logits, Tensor.of(1, 2, 3, 4, 5, 6), weights, Ops.arange(0, 6, Device.CPU), cap));
        assertThat(values.toDoubles()).as(name).containsExactly(Autograd.of(loss, capped.detach()).toDoubles(), within(1e-10));
        assertThat(logits.view(-1).toDoubles()).as(name).containsExactly(Objects.requireNonNull(raw.grad()).view(-1).toDoubles(), within(1e-10));
      }
    }
  }

  static Stream<Arguments> losses() {
    return Autograd.losses(VOCAB);
  }

  /// A student of one hump, and a teacher of two: the forward divergence puts the hump between them, the reverse on one of them.
  @Test void theReverseDivergenceKeepsToOneModeAndTheForwardCoversBoth() {
    assertThat(hump(new Divergence.ForwardKl())).isEqualTo(10, within(0.3));
    assertThat(hump(new Divergence.ReverseKl())).isEqualTo(5, within(0.3));
  }

  /// Where the hump comes to lie that begins at 9, among 21 tokens.
  private static double hump(Divergence divergence) {
    double middle = 9;
    try (var _ = TensorScope.open()) {
      Tensor theirs = Tensor.of(floats(j -> Math.log(Math.exp(-Math.pow(j - 5, 2) / 4) + Math.exp(-Math.pow(j - 15, 2) / 4) + 1e-6))).view(1, -1);
      var loss = new Distillation(_ -> theirs, divergence);
      for (int step = 0; step < 400; step++) {
        double m = middle;
        try (var _ = TensorScope.open()) {
          Tensor logits = Tensor.of(floats(j -> -Math.pow(j - m, 2) / 4)).view(1, -1);
          loss.gradient(new TokenLoss.Chunk(logits, Tensor.of(1), Ops.ones(DType.F32, Device.CPU, 1), Ops.arange(0, 1, Device.CPU),
              Double.POSITIVE_INFINITY));
          middle -= 0.3 * logits.mul(Tensor.of(floats(j -> (j - m) / 2)).view(1, -1)).sum().item();
        }
      }
    }
    return middle;
  }

  private static float[] floats(IntToDoubleFunction f) {
    var values = new float[21];
    for (int j = 0; j < values.length; j++) {
      values[j] = (float) f.applyAsDouble(j);
    }
    return values;
  }

  @Test void hardLabelsAreMixedIn() {
    try (var _ = TensorScope.open()) {
      Tensor theirs = Rng.of(2).normal(0, 1, DType.F32, Device.CPU, 6, VOCAB);
      Tensor logits = Rng.of(1).normal(0, 1, DType.F32, Device.CPU, 6, VOCAB);
      var soft = new Distillation(_ -> theirs, new Divergence.ForwardKl(), 2, 4);
      double teachers = soft.values(chunk(logits)).sum().item();
      double texts = CrossEntropy.PLAIN.values(chunk(logits)).sum().item();
      assertThat(new HintonMixture(soft, 0.3).values(chunk(logits)).sum().item()).isEqualTo(0.7 * teachers + 0.3 * texts, within(1e-4));
    }
  }

  @Test void aTeacherOfMoreTokensTeachesTheSharedOnes() {
    try (var _ = TensorScope.open()) {
      Tensor logits = Rng.of(1).normal(0, 1, DType.F64, Device.CPU, 6, VOCAB);
      Tensor theirs = Rng.of(2).normal(0, 1, DType.F64, Device.CPU, 6, VOCAB);
      Tensor padded = Ops.cat(1, theirs, Ops.full(9, DType.F64, Device.CPU, 6, 5));
      for (double beta : new double[] {0, 0.5, 1}) {
        Tensor plain = logits.copy();
        Tensor values = new Distillation(_ -> theirs, Divergence.of(beta)).gradient(chunk(plain));
        Tensor other = logits.copy();
        assertThat(new Distillation(_ -> padded, Divergence.of(beta)).gradient(chunk(other)).toDoubles()).isEqualTo(values.toDoubles());
        assertThat(other.view(-1).toDoubles()).isEqualTo(plain.view(-1).toDoubles());
        Tensor wide = Ops.cat(1, logits, Ops.full(9, DType.F64, Device.CPU, 6, 3));
        assertThat(new Distillation(_ -> padded, Divergence.of(beta)).gradient(chunk(wide.copy())).toDoubles())
            .isNotEqualTo(values.toDoubles());                                     // they share the first three of the filling
        assertThat(new Distillation(_ -> theirs, Divergence.of(beta)).gradient(chunk(wide)).toDoubles()).isEqualTo(values.toDoubles());
        assertThat(wide.narrow(1, VOCAB, 3).contiguous().view(-1).toDoubles()).containsOnly(0);
      }
    }
  }

  @Test void settingsThatDoNotFitAreNamed() {
    assertThatIllegalArgumentException().isThrownBy(() -> Divergence.of(1.5)).withMessageContaining("beta");
    assertThatIllegalArgumentException().isThrownBy(() -> new Distillation(r -> r, new Divergence.ForwardKl(), 0, 1)).withMessageContaining("temperature");
    assertThatIllegalArgumentException().isThrownBy(() -> new TopOneMixture(r -> r, -1)).withMessageContaining("weight");
  }

  private static TokenLoss.Chunk chunk(Tensor logits) {
    return new TokenLoss.Chunk(logits, Tensor.of(1, 2, 3, 4, 5, 6), Ops.ones(DType.F32, Device.CPU, 6), Ops.arange(0, 6, Device.CPU),
        Double.POSITIVE_INFINITY);
  }
}
