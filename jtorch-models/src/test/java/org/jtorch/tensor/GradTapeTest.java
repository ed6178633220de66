package org.jtorch.tensor;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.jtorch.ffn.Activation;
import org.jtorch.ffn.FeedForwardConfig.Gated;
import org.jtorch.ffn.GatedMlp;
import org.jtorch.nn.Embedding;
import org.jtorch.nn.Init;
import org.jtorch.nn.Layer;
import org.jtorch.nn.Pass;
import org.jtorch.nn.RmsNorm;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/// Gradients written by hand against autograd's, and the tape's own manners.
@SuppressWarnings("MustBeClosedChecker")
class GradTapeTest {
  private TensorScope scope;

  @BeforeEach void open() {
    scope = TensorScope.open();
  }

  @AfterEach void close() {
    scope.close();
    assertThat(TensorScope.stats().live()).isZero();
  }

  @ParameterizedTest @EnumSource(value = DType.class, names = {"F32", "F64", "BF16"})
  void rmsNormEqualsAutograd(DType dtype) {
    try (var norm = new RmsNorm(8, 1e-3)) {
      norm.initialize(Device.CPU, dtype, Rng.of(0));
      norm.parameters().getFirst().tensor().copyInPlace(normal(dtype, 1, 8));
      compare(norm, normal(dtype, 2, 2, 5, 8).mul(3), normal(dtype, 3, 2, 5, 8), tolerance(dtype));
    }
  }

  @ParameterizedTest @EnumSource(value = DType.class, names = {"F32", "F64", "BF16"})
  void swiGluEqualsAutograd(DType dtype) {
    try (var mlp = new GatedMlp(new Gated(24, Activation.SILU, true), 8, new Init.Normal(0.5))) {
      mlp.initialize(Device.CPU, dtype, Rng.of(1));
      compare(mlp, normal(dtype, 2, 2, 5, 8), normal(dtype, 3, 2, 5, 8), tolerance(dtype));
    }
  }

  @ParameterizedTest @EnumSource(Activation.class)
  void everyGateTrainsOnATape(Activation activation) {
    try (var mlp = new GatedMlp(new Gated(12, activation, false), 8, new Init.Normal(0.5))) {
      mlp.initialize(Device.CPU, DType.F32, Rng.of(1));
      compare(mlp, normal(DType.F32, 2, 2, 5, 8), normal(DType.F32, 3, 2, 5, 8), 1e-5);
    }
  }

  @Test void layersTakeInputsThatAreNotContiguous() {
    try (var norm = new RmsNorm(8, 1e-3); var mlp = new GatedMlp(new Gated(12, Activation.SILU, false), 8, new Init.Normal(0.5))) {
      norm.initialize(Device.CPU, DType.F32, Rng.of(0));
      mlp.initialize(Device.CPU, DType.F32, Rng.of(1));
      Tensor x = normal(DType.F32, 2, 5, 2, 8).transpose(0, 1);
      Tensor g = normal(DType.F32, 3, 5, 2, 8).transpose(0, 1);
      compare(norm, x, g, 1e-5);
      compare(mlp, x, g, 1e-5);
    }
  }

  @Test void embeddingAddsRowsAndKeepsWhatIsThere() {
    try (var table = new Embedding(6, 4, new Init.Normal(1))) {
      table.initialize(Device.CPU, DType.F32, Rng.of(0)).requiresGrad(true);
      Tensor wide = Tensor.of(1, 3, 1, 5, 0, 0, 3, 1).view(2, 4);
      Tensor ids = wide.narrow(1, 0, 3);                       // as a batch cuts it: not contiguous
      Tensor g = normal(DType.F32, 1, 2, 3, 4);
      table.apply(ids).backward(g);
      float[] expected = grad(table.weight().tensor());
      for (int repeat = 1; repeat <= 2; repeat++) {
        if (repeat == 1) {
          table.zeroGrad();
        }
        try (var tape = GradTape.open()) {
          tape.backward(table.apply(ids, Pass.training(tape)).mul(g).sum());
        }
        for (int i = 0; i < expected.length; i++) {
          assertThat(grad(table.weight().tensor())[i]).isCloseTo(repeat * expected[i], within(1e-5f));
        }
      }
    }
  }

  @Test void frozenEmbeddingsGetNoGradient() {
    try (var table = new Embedding(6, 4, new Init.Normal(1)); var tape = GradTape.open()) {
      table.initialize(Device.CPU, DType.F32, Rng.of(0));
      Tensor x = table.apply(Tensor.of(1, 2).view(1, 2), Pass.training(tape));
      tape.backward(tape.cut(x).sum());
      assertThat(table.weight().grad()).isNull();
    }
  }

  @Test void branchesAddAtACut() {
    Tensor x = Tensor.of(2f).requiresGrad(true);
    try (var tape = GradTape.open()) {
      Tensor a = tape.cut(x.mul(3));
      Tensor b = tape.record(square(a), new Tensor[] {a}, new Tensor[0], g -> new Tensor[] {g.mul(a).mul(2)});
      tape.backward(a.add(b).sum());                         // y = 3x + 9x², y' = 3 + 18x
    }
    assertThat(grad(x)).containsExactly(39);
  }

  private static Tensor square(Tensor a) {
    try (var _ = Grad.off()) {
      return a.square();
    }
  }

  @Test void theArrivingGradientIsNotChanged() {
    Tensor x = Tensor.of(2f, 5f).requiresGrad(true);
    Tensor arriving = Tensor.of(1f, 10f);
    try (var tape = GradTape.open()) {
      Tensor a = tape.cut(x);
      Tensor b = tape.cut(a);
      tape.backward(b, arriving);
    }
    try (var tape = GradTape.open()) {
      tape.backward(tape.cut(x), arriving);                  // adds to x's gradient
    }
    assertThat(grad(x)).containsExactly(2, 20);
    assertThat(arriving.toFloats()).containsExactly(1, 10);
  }

  @Test void oneGradientForTwoInputsIsNotShared() {
    Tensor x = Tensor.of(1f, 1f).requiresGrad(true);
    Tensor y = Tensor.of(1f, 1f).requiresGrad(true);
    for (int i = 0; i < 2; i++) {
      try (var tape = GradTape.open()) {
        Tensor sum = addByHand(x, y, tape);
        tape.backward(sum.mul(Tensor.of(1f, 3f)).sum());
      }
    }
    assertThat(grad(x)).containsExactly(2, 6);
    assertThat(grad(y)).containsExactly(2, 6);
  }

  private static Tensor addByHand(Tensor x, Tensor y, GradTape tape) {
    try (var _ = Grad.off()) {
      return tape.record(x.add(y), new Tensor[] {x, y}, new Tensor[0], g -> new Tensor[] {g, g});
    }
  }

  @Test void walkingAPieceTwiceThrows() {
    Tensor x = Tensor.of(2f).requiresGrad(true);
    try (var tape = GradTape.open()) {
      Tensor h = x.square();                                 // a fork without a cut
      Tensor y = tape.record(square(h), new Tensor[] {h}, new Tensor[0], g -> new Tensor[] {g.mul(h).mul(2)});
      Tensor loss = h.add(y).sum();
      assertThatThrownBy(() -> tape.backward(loss)).isInstanceOf(TorchException.class).hasMessageContaining("second time");
    }
  }

  @Test void checkpointsEqualPlainTapesToTheLastBit() {
    try (var mlp = new GatedMlp(new Gated(24, Activation.SILU, false), 8, new Init.Normal(0.5))) {
      mlp.initialize(Device.CPU, DType.F32, Rng.of(1)).requiresGrad(true);
      Tensor g = normal(DType.F32, 3, 2, 5, 8);
      var results = new ArrayList<List<float[]>>();
      for (boolean checkpoint : new boolean[] {false, true}) {
        mlp.zeroGrad();
        Tensor x = normal(DType.F32, 2, 2, 5, 8).requiresGrad(true);
        try (var tape = GradTape.open()) {
          Tensor h = tape.cut(x);
          Tensor y = checkpoint ? tape.checkpoint(h, (leaf, t) -> mlp.apply(leaf, Pass.training(t))) : mlp.apply(h, Pass.training(tape));
          tape.backward(y.mul(g).sum());
        }
        results.add(grads(x, mlp));
      }
      assertThat(results.get(1)).usingRecursiveComparison().isEqualTo(results.get(0));
    }
  }

  @Test void tapesOneAfterAnotherLeaveNothing() {
    try (var mlp = new GatedMlp(new Gated(24, Activation.SILU, false), 8, new Init.Normal(0.5))) {
      mlp.initialize(Device.CPU, DType.F32, Rng.of(1)).requiresGrad(true);
      var counts = new ArrayList<TensorScope.Stats>();
      for (int i = 0; i < 6; i++) {
        try (var _ = TensorScope.open(); var tape = GradTape.open()) {
          Tensor x = tape.cut(normal(DType.F32, i, 2, 5, 8));
          Tensor y = i % 2 == 0 ? mlp.apply(x, Pass.training(tape)) : tape.checkpoint(x, (l, t) -> mlp.apply(l, Pass.training(t)));
          if (i != 4) {                                      // a forward without a backward is freed as well
            tape.backward(y.square().sum());
          }
        }
        TensorScope.resetPeak();
        counts.add(TensorScope.stats());
      }
      assertThat(counts.subList(1, 6)).containsOnly(counts.get(1));
    }
  }

  /// Output and gradients with a tape equal those of autograd.
  private static void compare(Layer layer, Tensor input, Tensor g, double tolerance) {
    layer.requiresGrad(true);
    layer.zeroGrad();
    Tensor x = input.detach().requiresGrad(true);
    Tensor y = layer.apply(x);
    y.backward(g);
    float[] expected = y.toFloats();
    var gradients = grads(x, layer);
    layer.zeroGrad();
    x.setGrad(null);
    try (var tape = GradTape.open()) {
      Tensor taped = layer.apply(x, Pass.training(tape));
      assertThat(taped.toFloats()).containsExactly(expected, within((float) tolerance * scale(expected)));
      tape.backward(taped, g);
    }
    var byHand = grads(x, layer);
    for (int i = 0; i < byHand.size(); i++) {
      assertThat(byHand.get(i)).as("gradient " + i).containsExactly(gradients.get(i), within((float) tolerance * scale(gradients.get(i))));
      assertThat(scale(byHand.get(i))).isPositive();
    }
  }

  private static float scale(float[] values) {
    float most = 0;
    for (float v : values) {
      most = Math.max(most, Math.abs(v));
    }
    return most;
  }

  private static double tolerance(DType dtype) {
    return dtype == DType.BF16 ? 0.03 : dtype == DType.F64 ? 1e-7 : 1e-5;
  }

  private static Tensor normal(DType dtype, long seed, long... shape) {
    return Rng.of(seed).normal(0, 1, dtype, Device.CPU, shape);
  }

  private static List<float[]> grads(Tensor x, Layer layer) {
    var list = new ArrayList<float[]>(List.of(grad(x)));
    layer.parameters().forEach(p -> list.add(grad(p.tensor())));
    return list;
  }

  private static float[] grad(Tensor leaf) {
    return Objects.requireNonNull(leaf.grad()).toFloats();
  }
}
