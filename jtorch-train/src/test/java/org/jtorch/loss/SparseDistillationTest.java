package org.jtorch.loss;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.within;

import com.google.errorprone.annotations.MustBeClosed;
import java.util.Arrays;
import java.util.Objects;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import org.jtorch.attention.Rope;
import org.jtorch.attention.RopeScaling;
import org.jtorch.decoder.Decoder;
import org.jtorch.family.Llama;
import org.jtorch.loss.SparseDistillation.Target;
import org.jtorch.nn.Init;
import org.jtorch.nn.Pass;
import org.jtorch.tensor.DType;
import org.jtorch.tensor.Device;
import org.jtorch.tensor.Grad;
import org.jtorch.tensor.Ops;
import org.jtorch.tensor.Rng;
import org.jtorch.tensor.Tensor;
import org.jtorch.tensor.TensorScope;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class SparseDistillationTest {
  private static final int VOCAB = 23;
  private static final int ROWS = 6;

  @AfterEach void nothingIsLeft() {
    assertThat(TensorScope.stats().live()).isZero();
  }

  private static Tensor normal(long seed, DType type) {
    return Rng.of(seed).normal(0, 1, DType.F32, Device.CPU, ROWS, VOCAB).to(type);
  }

  private static TokenLoss.Chunk chunk(Tensor logits, Tensor weights, double cap) {
    return new TokenLoss.Chunk(logits, Tensor.of(1, 2, 3, 4, 5, 6), weights, Ops.arange(0, ROWS, Device.CPU), cap);
  }

  private static TokenLoss.Chunk chunk(Tensor logits) {
    return chunk(logits, Ops.ones(DType.F32, Device.CPU, ROWS), Double.POSITIVE_INFINITY);
  }

  @ParameterizedTest @EnumSource(Target.class) void gradientsAreAutograds(Target target) {
    for (double cap : new double[] {Double.POSITIVE_INFINITY, 3}) {
      try (var _ = TensorScope.open()) {
        var loss = new SparseDistillation(SparseTargets.top(normal(2, DType.F64), 5), target);
        Tensor raw = normal(1, DType.F64).requiresGrad(true);
        Tensor weights = Rng.of(3).uniform(0, 1, DType.F64, Device.CPU, ROWS);
        Tensor capped = Double.isInfinite(cap) ? raw : raw.div(cap).tanh().mul(cap);
        Autograd.of(loss, capped).mul(weights).sum().backward();
        Tensor logits = capped.detach().copy();
        Tensor values = loss.gradient(chunk(logits, weights, cap));
        assertThat(values.toDoubles()).containsExactly(Autograd.of(loss, capped.detach()).toDoubles(), within(1e-10));
        assertThat(logits.view(-1).toDoubles()).containsExactly(Objects.requireNonNull(raw.grad()).view(-1).toDoubles(), within(1e-10));
      }
    }
  }

  @ParameterizedTest @EnumSource(Target.class) void allTokensAreTheWholeDistribution(Target target) {
    try (var _ = TensorScope.open()) {
      Tensor theirs = normal(2, DType.F64);
      var whole = new Distillation(_ -> theirs, target == Target.SAMPLED ? new Divergence.SoftCrossEntropy() : new Divergence.ForwardKl());
      var sparse = new SparseDistillation(SparseTargets.top(theirs, VOCAB), target);
      Tensor a = normal(1, DType.F64);
      Tensor b = a.copy();
      assertThat(sparse.gradient(chunk(a)).toDoubles()).containsExactly(whole.gradient(chunk(b)).toDoubles(), within(1e-10));
      assertThat(a.view(-1).toDoubles()).containsExactly(b.view(-1).toDoubles(), within(1e-10));
    }
  }

  @ParameterizedTest @EnumSource(Target.class) void aTeacherOfOneTokenIsATarget(Target target) {
    try (var _ = TensorScope.open()) {
      Tensor ids = Tensor.of(1, 2, 3, 4, 5, 6).view(-1, 1);
      var certain = new SparseTargets(Ops.cat(1, ids, Ops.zeros(DType.I64, Device.CPU, ROWS, 1)),
          Ops.cat(1, Ops.zeros(DType.F32, Device.CPU, ROWS, 1), Ops.full(Double.NEGATIVE_INFINITY, DType.F32, Device.CPU, ROWS, 1)),
          Ops.zeros(DType.F32, Device.CPU, ROWS));
      Tensor logits = normal(1, DType.F32);
      double[] plain = CrossEntropy.PLAIN.values(chunk(logits)).toDoubles();
      double[] values = new SparseDistillation(certain, target).gradient(chunk(logits)).toDoubles();
      assertThat(logits.view(-1).toDoubles()).doesNotContain(Double.NaN);
      if (target != Target.RENORM_BOTH) {
        assertThat(values).containsExactly(plain, within(1e-5));
      }
    }
  }

  @Test void aStudentLikeTheTeacherHasNoGradientWhateverItsTail() {
    try (var _ = TensorScope.open()) {
      for (double sharp : new double[] {1, 5, 20}) {
        Tensor logits = normal(1, DType.F32).mul(sharp);
        Tensor d = logits.copy();
        Tensor values = new SparseDistillation(SparseTargets.top(logits, 4), Target.TAIL).gradient(chunk(d));
        assertThat(values.toDoubles()).containsOnly(new double[] {0}, within(1e-5));
        assertThat(d.abs().max().item()).isLessThan(1e-5);
      }
    }
  }

  /// On average draws are the distribution: their soft cross-entropy and its gradient go to the whole one's.
  @Test void drawsAreUnbiased() {
    try (var _ = TensorScope.open(); var teacher = model(5)) {
      Tensor ids = Rng.of(4).uniform(0, VOCAB, DType.F32, Device.CPU, 2, 3).to(DType.I64);
      Tensor hidden;
      try (var _ = Grad.off()) {
        hidden = teacher.hidden(ids, Pass.EMPTY, null);
      }
      Tensor theirs = teacher.logits(hidden).detach().view(ROWS, VOCAB);
      Tensor logits = normal(1, DType.F32);
      Tensor exact = logits.copy();
      double[] value = new Distillation(_ -> theirs, new Divergence.SoftCrossEntropy()).gradient(chunk(exact)).toDoubles();
      var mean = new double[ROWS];
      Tensor gradient = Ops.zeros(DType.F32, Device.CPU, ROWS, VOCAB);
      int times = 400;
      for (int i = 0; i < times; i++) {
        Tensor d = logits.copy();
        var drawn = SparseTargets.drawn(teacher, hidden, new long[ROWS], VOCAB, 16, Rng.at(9, i * 1000L));
        double[] values = new SparseDistillation(drawn, Target.SAMPLED).gradient(chunk(d)).toDoubles();
        Arrays.setAll(mean, r -> mean[r] + values[r] / times);
        gradient.addInPlace(d, 1.0 / times);
      }
      assertThat(mean).containsExactly(value, within(0.05));
      assertThat(gradient.sub(exact).abs().max().item()).isLessThan(0.03);
    }
  }

  @Test void drawsFillUpWithTokensThatWereNotDrawn() {
    try (var _ = TensorScope.open(); var teacher = model(5)) {
      Tensor hidden = Rng.of(4).normal(0, 3, DType.F32, Device.CPU, 2, 3, 16);
      long[] targets = {1, 2, Tokens.IGNORE, 4, 5, 6};
      var drawn = SparseTargets.drawn(teacher, hidden, targets, VOCAB, VOCAB, Rng.of(1));
      long[] ids = drawn.ids().view(-1).toLongs();
      double[] probs = drawn.logProbs().exp().view(-1).toDoubles();
      for (int r = 0; r < ROWS; r++) {
        double sum = Arrays.stream(probs, r * VOCAB, (r + 1) * VOCAB).sum();
        assertThat(sum).isEqualTo(r == 2 ? VOCAB : 1, within(1e-5));                     // zeros where there is no target: e⁰ each
        if (r != 2) {
          assertThat(LongStream.of(ids).skip((long) r * VOCAB).limit(VOCAB)).containsExactlyInAnyOrderElementsOf(
              IntStream.range(0, VOCAB).mapToObj(Long::valueOf).toList());
        }
      }
    }
  }

  @Test void whatFillsATeachersVocabularyUpIsNotKept() {
    try (var _ = TensorScope.open(); var teacher = model(5)) {
      Tensor hidden = Rng.of(4).normal(0, 3, DType.F32, Device.CPU, 2, 3, 16);
      var known = SparseTargets.top(teacher, hidden, new long[ROWS], 11, 11);
      assertThat(known.ids().max().itemLong()).isEqualTo(10);
      assertThat(known.logProbs().exp().sum(1, false).toDoubles()).containsOnly(new double[] {1}, within(1e-5));
      assertThat(known.rest().toDoubles()).containsOnly(0);
    }
  }

  @Test void settingsThatDoNotFitAreNamed() {
    try (var _ = TensorScope.open()) {
      Tensor logits = normal(1, DType.F32);
      assertThatIllegalArgumentException().isThrownBy(() -> SparseTargets.top(logits, VOCAB + 1)).withMessageContaining("`k`")
          .withMessageContaining("23");
      assertThatIllegalArgumentException().isThrownBy(() -> new SparseTargets(logits, logits, logits)).withMessageContaining("[N, k]");
    }
  }

  @MustBeClosed
  @SuppressWarnings("MustBeClosedChecker")     // ownership passes to the caller
  private static Decoder model(long seed) {
    return Decoder.create(Llama.shape(VOCAB, 16, 32, 1, 2, 1, 8, 32, new Rope(10_000, RopeScaling.NONE), 1e-5, false)
        .withInit(new Init.Normal(0.3)), Device.CPU, DType.F32, Rng.of(seed));
  }
}
