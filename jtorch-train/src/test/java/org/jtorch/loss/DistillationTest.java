package org.jtorch.loss;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.within;

import com.google.errorprone.annotations.MustBeClosed;
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
          var loss = new ChunkedLoss(new Distillation(Teacher.of(teacher, known), beta, 2, 4), 7);
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
        assertThat(new Distillation(_ -> logits, beta, 1, 1).values(chunk(logits)).toDoubles()).containsOnly(new double[] {0}, within(1e-5));
      }
    }
  }

  @Test void tokensThatTheTeacherRulesOutStayFinite() {
    try (var _ = TensorScope.open()) {
      Tensor theirs = Ops.zeros(DType.F32, Device.CPU, 6, VOCAB);
      theirs.narrow(1, 0, 1).fillInPlace(300);
      for (double beta : new double[] {0, 0.5, 1}) {
        Tensor logits = Rng.of(1).normal(0, 1, DType.F32, Device.CPU, 6, VOCAB);
        Tensor values = new Distillation(_ -> theirs, beta, 1, 1).gradient(chunk(logits));
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

  @Test void settingsThatDoNotFitAreNamed() {
    assertThatIllegalArgumentException().isThrownBy(() -> new Distillation(r -> r, 1.5, 1, 1)).withMessageContaining("beta");
    assertThatIllegalArgumentException().isThrownBy(() -> new Distillation(r -> r, 0, 0, 1)).withMessageContaining("temperature");
    assertThatIllegalArgumentException().isThrownBy(() -> new TopOneMixture(r -> r, -1)).withMessageContaining("weight");
  }

  private static TokenLoss.Chunk chunk(Tensor logits) {
    return new TokenLoss.Chunk(logits, Tensor.of(1, 2, 3, 4, 5, 6), Ops.ones(DType.F32, Device.CPU, 6), Ops.arange(0, 6, Device.CPU),
        Double.POSITIVE_INFINITY);
  }
}
