package org.jtorch.decoder;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Stream;
import org.jtorch.attention.AttentionConfig.Gqa;
import org.jtorch.attention.AttentionConfig.Span;
import org.jtorch.attention.Rope;
import org.jtorch.attention.RopeScaling;
import org.jtorch.ffn.Activation;
import org.jtorch.ffn.FeedForwardConfig;
import org.jtorch.nn.NormConfig;
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
import org.junit.jupiter.params.provider.MethodSource;

/// Where norms stand, and which: the tape against autograd, and what the placements promise.
class ResidualTest {
  @AfterEach void nothingLives() {
    assertThat(TensorScope.stats().live()).isZero();
  }

  record Variant(Residual residual, NormConfig norm, FeedForwardConfig feedForward) {}

  static Stream<Variant> variants() {
    var silu = new FeedForwardConfig.Gated(24, Activation.SILU, false);
    var gelu = new FeedForwardConfig.Gated(24, Activation.GELU_TANH, true);
    var plain = new FeedForwardConfig.Plain(24, Activation.GELU);
    return Stream.of(new Variant(Residual.SANDWICH, new NormConfig.RmsPlusOne(1e-6), gelu),
        new Variant(Residual.POST, new NormConfig.LayerNorm(1e-5), plain), new Variant(Residual.POST, new NormConfig.Rms(1e-5), silu),
        new Variant(new Residual.Deep(2), new NormConfig.LayerNorm(1e-5), silu), new Variant(Residual.PRE, new NormConfig.LayerNorm(1e-5), plain));
  }

  private static DecoderConfig config(Variant v, int layers) {
    var attention = new Gqa(4, 2, 4, false, false, new Rope(10_000, RopeScaling.NONE), Span.FULL);
    return new DecoderConfig("llama", 17, 16, 32, 1e-5, true, 0.3,
        Collections.nCopies(layers, new BlockConfig(attention, v.feedForward, v.residual))).withNorm(v.norm);
  }

  @ParameterizedTest @MethodSource("variants")
  void theTapeHasTheGradientsOfAutograd(Variant v) {
    try (var model = Decoder.create(config(v, 2), Device.CPU, DType.F32, Rng.of(4)); var _ = TensorScope.open()) {
      model.requiresGrad(true);
      Tensor ids = Ops.of(new long[] {1, 5, 9, 2, 16, 3}, Device.CPU, 2, 3);
      model.apply(ids, Pass.EMPTY).square().mean().backward();
      var expected = gradients(model);
      for (boolean checkpoint : new boolean[] {false, true}) {
        model.zeroGrad();
        try (var tape = GradTape.open()) {
          tape.backward(model.apply(ids, Pass.training(tape).withCheckpoint(checkpoint)).square().mean());
        }
        gradients(model).forEach((name, g) -> assertThat(g).as(name)
            .containsExactly(Objects.requireNonNull(expected.get(name)), within(2e-5f)));
      }
      model.zeroGrad();
    }
  }

  private static Map<String, float[]> gradients(Decoder model) {
    var map = new LinkedHashMap<String, float[]>();
    model.weights().forEach((name, w) -> map.put(name, Objects.requireNonNull(w.grad(), name).contiguous().toFloats()));
    return map;
  }

  /// arXiv:2203.00555, figure 2: α = (2N)^¼ and β = (8N)^−¼, here with N = 24.
  @Test void deepNormHasThePublishedConstants() {
    assertThat(new Residual.Deep(24).alpha()).isCloseTo(2.6321480259, within(1e-9));
    assertThat(new Residual.Deep(24).beta()).isCloseTo(0.2686424830, within(1e-9));
  }

  /// The same step changes a model of 32 layers less with DeepNorm than with plain post-norm, and hardly more than one of 4.
  @Test void deepNormBoundsWhatAnUpdateDoes() {
    double shallow = changeOfOneUpdate(new Residual.Deep(4), 4);
    double deep = changeOfOneUpdate(new Residual.Deep(32), 32);
    double post = changeOfOneUpdate(Residual.POST, 32);
    assertThat(deep).isLessThan(2 * shallow).isLessThan(post / 2);
  }

  private static double changeOfOneUpdate(Residual residual, int layers) {
    var v = new Variant(residual, new NormConfig.LayerNorm(1e-5), new FeedForwardConfig.Gated(32, Activation.SILU, false));
    try (var model = Decoder.create(config(v, layers), Device.CPU, DType.F32, Rng.of(4)); var _ = TensorScope.open()) {
      model.requiresGrad(true);
      Tensor ids = Ops.of(new long[] {1, 5, 9, 2, 16, 3}, Device.CPU, 2, 3);
      Tensor before = model.hidden(ids, Pass.EMPTY, null);
      Ops.crossEntropy(model.logits(before).view(6, 17), Ops.of(new long[] {5, 9, 2, 16, 3, 1}, Device.CPU, 6)).backward();
      try (var _ = Grad.off()) {
        model.weights().values().stream().filter(w -> w.name().contains("proj"))
            .forEach(w -> w.view().addInPlace(Objects.requireNonNull(w.grad(), w.name()), -1e-3));
        Tensor after = model.hidden(ids, Pass.EMPTY, null);
        return Math.sqrt(after.sub(before).square().mean().item());
      } finally {
        model.zeroGrad();
      }
    }
  }

  @Test void embeddingsAreScaledByTheRoundedRoot() {
    assertThat(DType.BF16.round(Math.sqrt(3072))).isEqualTo(55.5);
    assertThat(DType.F32.round(0.1)).isEqualTo((double) 0.1f);
  }

  /// Each weight has the fan-out of its own rows, stacked with others or not: variance β² · 2 / (in + out).
  @Test void deepNormBeginsEachWeightByItsOwnShape() {
    var deep = new Residual.Deep(3);
    var attention = new Gqa(4, 2, 16, false, false, new Rope(10_000, RopeScaling.NONE), Span.FULL);
    var config = new DecoderConfig("llama", 17, 64, 32, 1e-5, true, 0.3,
        List.of(new BlockConfig(attention, new FeedForwardConfig.Gated(192, Activation.SILU, false), deep)));
    double gain = deep.beta();
    Map<String, Double> expected = Map.of("self_attn.q_proj", 2.0 / 128, "self_attn.k_proj", 2.0 / 96,
        "self_attn.v_proj", gain * gain * 2 / 96, "self_attn.o_proj", gain * gain * 2 / 128, "mlp.gate_proj", gain * gain * 2 / 256,
        "mlp.up_proj", gain * gain * 2 / 256, "mlp.down_proj", gain * gain * 2 / 256);
    try (var model = Decoder.create(config, Device.CPU, DType.F32, Rng.of(4)); var _ = TensorScope.open(); var _ = Grad.off()) {
      expected.forEach((name, variance) -> {
        Tensor w = Objects.requireNonNull(model.weights().get("model.layers.0." + name + ".weight")).view();
        assertThat(w.square().mean().item()).as(name).isEqualTo(variance, within(0.1 * variance));
      });
    }
  }
}
