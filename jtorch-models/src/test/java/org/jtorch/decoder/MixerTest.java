package org.jtorch.decoder;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.jtorch.attention.AttentionConfig.Gqa;
import org.jtorch.attention.AttentionConfig.Span;
import org.jtorch.attention.KvCache;
import org.jtorch.attention.LayerState;
import org.jtorch.attention.MixerConfig;
import org.jtorch.attention.Rope;
import org.jtorch.attention.RopeScaling;
import org.jtorch.ffn.Activation;
import org.jtorch.ffn.FeedForwardConfig.Gated;
import org.jtorch.nn.Init;
import org.jtorch.nn.Layer;
import org.jtorch.nn.Linear;
import org.jtorch.nn.Pass;
import org.jtorch.tensor.DType;
import org.jtorch.tensor.Device;
import org.jtorch.tensor.Grad;
import org.jtorch.tensor.GradTape;
import org.jtorch.tensor.Ops;
import org.jtorch.tensor.Rng;
import org.jtorch.tensor.Tensor;
import org.jtorch.tensor.TensorOwner;
import org.jtorch.tensor.TensorScope;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// A mixer of another kind, plugged in from outside: every token gets the mean of all tokens so far, `y_t = W (Σ_{i≤t} x_i) / t`.
/// Its state is one sum a row, however long the text.
class MixerTest {
  private static final int DIM = 16;

  record Mean(int dim) implements MixerConfig.Other {
    @Override public String layerName() {
      return "mean";
    }

    @Override public Layer build(int width, int layer, Init init) {
      return new MeanLayer(width, layer, init);
    }

    @Override public LayerState state(TensorOwner owner, int batch, int capacity, DType dtype, Device device) {
      return new Sum(owner.own(Ops.zeros(dtype, device, batch, 1, dim)));
    }
  }

  record Sum(Tensor sum) implements LayerState {
    @Override public long bytes() {
      return sum.numel() * sum.dtype().bytes();
    }

    @Override public void clear() {
      sum.zeroInPlace();
    }
  }

  static final class MeanLayer extends Layer {
    private final int layer;
    private final Linear out;

    MeanLayer(int dim, int layer, Init init) {
      this.layer = layer;
      out = child("out_proj", new Linear(dim, dim, false, init));
    }

    @Override protected Tensor forward(Tensor x, Pass pass) {                // [B, T, C]
      long T = x.size(1);
      Tensor sums = x.cumsum(1);
      KvCache cache = KvCache.of(pass);
      if (cache != null) {
        Tensor before = cache.state(layer, Sum.class).sum();                 // [B, 1, C]
        sums = sums.add(before);
        before.copyInPlace(sums.narrow(1, T - 1, 1));
      }
      long past = cache == null ? 0 : cache.length();
      Tensor count = Ops.arange(past + 1, past + T + 1, x.device()).to(x.dtype()).view(1, T, 1);
      return out.apply(sums.div(count), pass);
    }
  }

  @AfterEach void nothingLives() {
    assertThat(TensorScope.stats().live()).isZero();
  }

  private static DecoderConfig config(boolean withAttention) {
    var ffn = new Gated(24, Activation.SILU, false);
    var mean = new BlockConfig(new Mean(DIM), ffn);
    var attention = new BlockConfig(new Gqa(4, 2, 4, false, false, new Rope(10_000, RopeScaling.NONE), Span.FULL), ffn);
    return new DecoderConfig("llama", 13, DIM, 32, 1e-5, true, 0.3, List.of(mean, withAttention ? attention : mean));
  }

  private static Tensor ids(int rows, int tokens) {
    var values = new long[rows * tokens];
    for (int i = 0; i < values.length; i++) {
      values[i] = (i * 7L + i / 5) % 13;
    }
    return Ops.of(values, Device.CPU, rows, tokens);
  }

  @ParameterizedTest @ValueSource(booleans = {false, true})
  void decodesStepByStepAsInOneForward(boolean withAttention) {
    try (var model = Decoder.create(config(withAttention), Device.CPU, DType.F32, Rng.of(3)); var cache = model.cache(2, 9);
        var _ = TensorScope.open(); var _ = Grad.off()) {
      Tensor ids = ids(2, 9);
      Tensor whole = model.apply(ids, Pass.EMPTY);                           // [2, 9, V]
      for (int round = 0; round < 2; round++) {                              // the second after clear()
        for (int at = 0, n = 4; at < 9; at += n, n = 1) {
          Tensor step = model.logits(model.hidden(ids.narrow(1, at, n), Pass.EMPTY, cache));
          assertThat(step.toFloats()).as("tokens from %s", at)
              .containsExactly(whole.narrow(1, at, n).contiguous().toFloats(), within(1e-5f));
        }
        cache.clear();
      }
    }
  }

  @Test void aTapeGivesTheGradientsOfAutograd() {
    try (var model = Decoder.create(config(true), Device.CPU, DType.F32, Rng.of(3)); var _ = TensorScope.open()) {
      model.requiresGrad(true);
      Tensor ids = ids(2, 6);
      model.apply(ids, Pass.EMPTY).square().mean().backward();
      var expected = gradients(model);
      try (var tape = GradTape.open()) {
        tape.backward(model.apply(ids, Pass.training(tape)).square().mean());
      }
      var taped = gradients(model);
      for (int i = 0; i < expected.size(); i++) {
        assertThat(taped.get(i)).as("parameter " + i).containsExactly(expected.get(i), within(2e-5f));
      }
      assertThat(model.weights()).containsKey("model.layers.0.mean.out_proj.weight");
    }
  }

  private static List<float[]> gradients(Decoder model) {
    var list = new ArrayList<float[]>();
    for (var p : model.parameters()) {
      list.add(Objects.requireNonNull(p.grad()).toFloats());
    }
    model.zeroGrad();
    return list;
  }

  @Test void itsStateDoesNotGrowWithTheText() {
    try (var model = Decoder.create(config(false), Device.CPU, DType.F32, Rng.of(3)); var few = model.cache(1, 8);
        var many = model.cache(1, 8000)) {
      assertThat(many.bytes()).isEqualTo(few.bytes()).isEqualTo(2L * DIM * 4);
    }
  }

  @Test void whoKnowsAttentionOnlySaysSo() {
    assertThatThrownBy(() -> config(false).attention()).isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("Mean[dim=16]").hasMessageContaining("attention");
    assertThat(config(true).attention().heads()).isEqualTo(4);
    try (var model = Decoder.create(config(true), Device.CPU, DType.F32, Rng.of(3)); var cache = model.cache(1, 8)) {
      assertThatThrownBy(() -> cache.state(1, Sum.class)).isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("layer 1").hasMessageContaining("Sum");
    }
  }
}
