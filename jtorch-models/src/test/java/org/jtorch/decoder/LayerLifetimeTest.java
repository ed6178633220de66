package org.jtorch.decoder;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import org.jtorch.attention.Rope;
import org.jtorch.attention.RopeScaling;
import org.jtorch.encoder.Encoder;
import org.jtorch.encoder.EncoderDecoder;
import org.jtorch.encoder.EncoderDecoderConfig;
import org.jtorch.encoder.Roberta;
import org.jtorch.family.Gemma2;
import org.jtorch.family.Llama;
import org.jtorch.ffn.Activation;
import org.jtorch.ffn.FeedForwardConfig;
import org.jtorch.nn.Pass;
import org.jtorch.tensor.DType;
import org.jtorch.tensor.Device;
import org.jtorch.tensor.Grad;
import org.jtorch.tensor.Rng;
import org.jtorch.tensor.Tensor;
import org.jtorch.tensor.TensorScope;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Without a tape a layer's input dies when its output is there.
class LayerLifetimeTest {
  private interface Forward {
    void run(Tensor ids);
  }

  /// The most tensors that a forward has alive at once, the ids aside.
  private static int peak(Forward forward) {
    try (var _ = TensorScope.open(); var _ = Grad.off()) {
      Tensor ids = Tensor.of(1, 2, 3, 4, 5, 6).view(2, 3);
      int before = TensorScope.stats().live();
      TensorScope.resetPeak();
      forward.run(ids);
      return TensorScope.stats().peak() - before;
    }
  }

  private static int decoder(DecoderConfig config) {
    try (var model = Decoder.create(config, Device.CPU, DType.F32, Rng.of(1))) {
      return peak(ids -> model.hidden(ids, Pass.EMPTY, null));
    }
  }

  private static int encoder(int layers) {
    try (var model = Encoder.create(Roberta.TINY.withLayers(layers), Device.CPU, DType.F32, Rng.of(1))) {
      return peak(ids -> model.hidden(ids, Pass.EMPTY));
    }
  }

  @Test void aDeepDecoderHoldsNoMoreThanAShallowOne() {
    assertThat(decoder(Llama.TINY.withLayers(24))).isEqualTo(decoder(Llama.TINY.withLayers(2)));
    assertThat(decoder(Gemma2.TINY.withLayers(24))).isEqualTo(decoder(Gemma2.TINY.withLayers(2)));
  }

  @Test void aDeepEncoderHoldsNoMoreThanAShallowOne() {
    assertThat(encoder(24)).isEqualTo(encoder(2));
  }

  private static int encoderDecoder(int layers) {
    var config = EncoderDecoderConfig.like(Roberta.TINY.withLayers(layers), new FeedForwardConfig.Plain(64, Activation.GELU),
        new Rope(10_000, RopeScaling.NONE), 16);
    try (var model = EncoderDecoder.create(config, Device.CPU, DType.F32, Rng.of(1))) {
      return peak(ids -> model.logits(ids, ids, Pass.EMPTY));
    }
  }

  @Test void aDeepEncoderDecoderHoldsNoMoreThanAShallowOne() {
    assertThat(encoderDecoder(12)).isEqualTo(encoderDecoder(2));
  }

  @ParameterizedTest @ValueSource(ints = {2, 24}) void twoOutputsAreAliveWhereTheProbeLooks(int layers) {
    try (var model = Decoder.create(Llama.TINY.withLayers(layers), Device.CPU, DType.F32, Rng.of(1)); var _ = TensorScope.open();
         var _ = Grad.off()) {
      var seen = new ArrayList<Tensor>();
      var alive = new ArrayList<Long>();
      Tensor last = model.hidden(Tensor.of(1, 2, 3).view(1, 3), Pass.EMPTY, null, (_, x) -> {
        seen.add(x);
        alive.add(seen.stream().filter(Tensor::isAlive).count());
      });
      assertThat(alive).hasSize(layers + 1).allMatch(n -> n <= 2);
      assertThat(last.isAlive()).isTrue();
    }
  }

  @Test void aProbeKeepsWhatItAdopts() {
    try (var model = Decoder.create(Llama.TINY.withLayers(3), Device.CPU, DType.F32, Rng.of(1)); var scope = TensorScope.open();
         var _ = Grad.off()) {
      var kept = new ArrayList<Tensor>();
      model.hidden(Tensor.of(1, 2, 3).view(1, 3), Pass.EMPTY, null, (_, x) -> kept.add(scope.adopt(x)));
      assertThat(kept).hasSize(4).allMatch(Tensor::isAlive);
    }
  }
}
