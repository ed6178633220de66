package org.jtorch.loss;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import com.google.errorprone.annotations.MustBeClosed;
import java.util.Arrays;
import java.util.HashSet;
import java.util.Objects;
import java.util.function.Function;
import org.jtorch.attention.Rope;
import org.jtorch.attention.RopeScaling;
import org.jtorch.decoder.Decoder;
import org.jtorch.family.Llama;
import org.jtorch.nn.Pass;
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

/// Losses as values on the chunk loop, and functions of log-probabilities, against autograd over whole logits.
class TokenLossTest {
  private static final int VOCAB = 37;
  private static final long[] TARGETS = {3, 5, Tokens.IGNORE, 36, 0, 7, 7, Tokens.IGNORE, 1, 2, 30, 4};
  private static final float[] WEIGHTS = {1, 0.5f, 1, 2, 0, -1, 1, 1, 0.25f, 1, 1, 3};

  @AfterEach void nothingLives() {
    assertThat(TensorScope.stats().live()).isZero();
  }

  @MustBeClosed
  @SuppressWarnings("MustBeClosedChecker")                                        // the caller closes it
  private static Decoder model(DType dtype) {
    var model = Decoder.create(Llama.shape(VOCAB, 16, 32, 2, 2, 1, 8, 16, new Rope(10_000, RopeScaling.NONE), 1e-5, true), Device.CPU, dtype,
        Rng.of(1));
    model.requiresGrad(true);
    return model;
  }

  private static Tensor ids() {
    return Ops.arange(1, 13, Device.CPU).view(2, 6);
  }

  /// All gradients of a model behind each other, which are dropped.
  private static float[] gradients(Decoder model) {
    try (var _ = TensorScope.open()) {
      float[] all = Ops.cat(0, model.parameters().stream().map(p -> Objects.requireNonNull(p.grad()).to(DType.F32).reshape(-1))
          .toArray(Tensor[]::new)).toFloats();
      model.zeroGrad();
      return all;
    }
  }

  private static float[] byAutograd(Decoder model, Function<Tensor, Tensor> loss) {
    try (var _ = TensorScope.open()) {
      loss.apply(model.apply(ids(), Pass.EMPTY).view(12, VOCAB)).backward();
    }
    return gradients(model);
  }

  private static void assertClose(float[] mine, float[] expected) {
    double largest = 0;
    for (float f : expected) {
      largest = Math.max(largest, Math.abs(f));
    }
    assertThat(mine).containsExactly(expected, within((float) (2e-5 * largest)));
  }

  private static Tensor weighted(Tensor losses) {
    var w = WEIGHTS.clone();
    for (int i = 0; i < w.length; i++) {
      w[i] = TARGETS[i] == Tokens.IGNORE ? 0 : w[i] * 0.1f;
    }
    return losses.mul(Tensor.of(w)).sum();
  }

  private static Tensor safeTargets() {
    return Tensor.of(Arrays.stream(TARGETS).map(t -> Math.max(t, 0)).toArray()).view(12, 1);
  }

  private static Tensor smoothed(Tensor logits, double smoothing, double z) {
    Tensor logps = logits.logSoftmax(1);
    Tensor nll = logps.gather(1, safeTargets()).squeeze(1).neg();
    Tensor lse = logits.sub(logps).mean(1, false);
    return nll.mul(1 - smoothing).add(logps.mean(1, false).neg().mul(smoothing)).add(lse.square().mul(z));
  }

  @ParameterizedTest @ValueSource(ints = {0, 1, 5, 64}) void crossEntropyWithWeightsSmoothingAndZLoss(int chunk) {
    var loss = new CrossEntropy(0.2, 0.03);
    try (var model = model(DType.F32)) {
      double mine;
      double alone;
      try (var tape = GradTape.open()) {
        var hidden = model.hidden(ids(), Pass.training(tape), null);
        var tokens = new Tokens(TARGETS, WEIGHTS, 0.1);
        alone = new ChunkedLoss(loss, chunk).sum(model, hidden.detach(), tokens);
        mine = new ChunkedLoss(loss, chunk).backward(model, hidden, tokens, tape);
      }
      float[] gradients = gradients(model);
      var value = new double[1];
      assertClose(gradients, byAutograd(model, logits -> {
        Tensor sum = weighted(smoothed(logits, 0.2, 0.03));
        value[0] = sum.item() * 10;
        return sum;
      }));
      assertThat(mine).isCloseTo(value[0], within(1e-4));
      assertThat(alone).isCloseTo(mine, within(1e-5));
    }
  }

  /// A loss that JTorch does not have, in one method.
  record Squared() implements TokenLoss.ByAutograd {
    @Override public Tensor loss(Tensor logits, Chunk chunk) {
      return logits.gather(1, chunk.targets().view(-1, 1)).squeeze(1).sub(1.0).square();
    }
  }

  @ParameterizedTest @ValueSource(ints = {0, 5}) void aLossOfOnesOwn(int chunk) {
    try (var model = model(DType.F32)) {
      try (var tape = GradTape.open()) {
        new ChunkedLoss(new Squared(), chunk).backward(model, model.hidden(ids(), Pass.training(tape), null), new Tokens(TARGETS, WEIGHTS, 0.1),
            tape);
      }
      assertClose(gradients(model), byAutograd(model, logits -> weighted(logits.gather(1, safeTargets()).squeeze(1).sub(1.0).square())));
    }
  }

  @ParameterizedTest @ValueSource(ints = {0, 5}) void anyFunctionOfLogProbabilities(int chunk) {
    try (var model = model(DType.F32)) {
      try (var tape = GradTape.open()) {
        Tensor logps = new TokenLogProbs(chunk).of(model, model.hidden(ids(), Pass.training(tape), null), TARGETS, tape);
        assertThat(logps.toFloats()[2]).as("no target").isZero();
        tape.backward(weighted(logps.square()));
      }
      assertClose(gradients(model), byAutograd(model, logits -> weighted(logits.logSoftmax(1).gather(1, safeTargets()).squeeze(1).square())));
    }
  }

  @Test void withoutATapeNothingGoesBack() {
    try (var model = model(DType.F32); var _ = TensorScope.open(); var _ = Grad.off()) {
      Tensor hidden = model.hidden(ids(), Pass.EMPTY, null);
      Tensor logps = new TokenLogProbs().of(model, hidden, TARGETS, null);
      Tensor whole = model.logits(hidden).view(12, VOCAB).logSoftmax(1).gather(1, safeTargets()).squeeze(1);
      assertThat(logps.requiresGrad()).isFalse();
      for (int i : new int[] {0, 1, 3, 11}) {
        assertThat(logps.toFloats()[i]).isCloseTo(whole.toFloats()[i], within(1e-5f));
      }
    }
  }

  @Test void twoLossesOnOneForward() {
    try (var model = model(DType.F32)) {
      var tokens = new Tokens(TARGETS, WEIGHTS, 0.1);
      try (var tape = GradTape.open()) {
        var hidden = model.hidden(ids(), Pass.training(tape), null);
        new ChunkedLoss(CrossEntropy.PLAIN).arrive(model, hidden, tokens, tape);
        new ChunkedLoss(new Squared()).arrive(model, hidden, tokens, tape);
        tape.arrive(hidden.square().mean());                                    // a value head, say
        tape.backward();
        assertThatThrownBy(tape::backward).isInstanceOf(IllegalStateException.class).hasMessageContaining("arrive(");
      }
      float[] together = gradients(model);
      try (var _ = TensorScope.open()) {
        var hidden = model.hidden(ids(), Pass.EMPTY, null);
        Tensor logits = model.logits(hidden).view(12, VOCAB);
        weighted(smoothed(logits, 0, 0)).add(weighted(logits.gather(1, safeTargets()).squeeze(1).sub(1.0).square()))
            .add(hidden.square().mean()).backward();
      }
      assertClose(together, gradients(model));
    }
  }

  @Test void halfPrecisionKeepsSumsInFloat32() {
    try (var model = model(DType.BF16)) {
      try (var tape = GradTape.open()) {
        new ChunkedLoss(CrossEntropy.PLAIN, 2).backward(model, model.hidden(ids(), Pass.training(tape), null), Tokens.of(TARGETS), tape);
      }
      try (var _ = TensorScope.open()) {
        assertThat(Objects.requireNonNull(model.head().grad()).dtype()).isEqualTo(DType.F32);
      }
      model.zeroGrad();
    }
  }

  /// oneDNN compiles and keeps a kernel for every new shape: packed rows train another number of tokens at each step.
  @Test void aRunMeetsFewShapesOfLogits() {
    var shapes = new HashSet<Long>();
    TokenLoss watched = new TokenLoss() {
      @Override public Tensor values(Chunk chunk) {
        shapes.add(chunk.logits().size(0));
        return CrossEntropy.PLAIN.values(chunk);
      }

      @Override public Tensor gradient(Chunk chunk) {
        throw new AssertionError("not asked for");
      }
    };
    try (var model = model(DType.F32); var _ = TensorScope.open(); var _ = Grad.off()) {
      Tensor hidden = Rng.of(1).normal(0, 1, DType.F32, Device.CPU, 1, 1_000, 16);
      var targets = new long[1_000];
      for (int trained = 1; trained < 1_000; trained += 7) {
        Arrays.fill(targets, trained, 1_000, Tokens.IGNORE);
        double sum = new ChunkedLoss(watched, 256).sum(model, hidden, Tokens.of(targets));
        assertThat(sum / trained).isBetween(3.0, 4.5);                          // near ln 37
        Arrays.fill(targets, 0);
      }
    }
    assertThat(shapes).containsExactlyInAnyOrder(64L, 128L, 192L, 256L);
  }

  @Test void settingsAreChecked() {
    assertThatIllegalArgumentException().isThrownBy(() -> new CrossEntropy(1, 0)).withMessageContaining("label_smoothing");
    assertThatIllegalArgumentException().isThrownBy(() -> new CrossEntropy(0, -1)).withMessageContaining("z_loss");
    assertThatIllegalArgumentException().isThrownBy(() -> new Tokens(TARGETS, new float[1], 1)).withMessageContaining("12 targets but 1 weights");
    assertThatIllegalArgumentException().isThrownBy(() -> new ChunkedLoss(CrossEntropy.PLAIN, -1)).withMessageContaining("chunk_tokens");
  }
}
