package org.jtorch.encoder;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.jtorch.ffn.Activation;
import org.jtorch.nn.Pass;
import org.jtorch.tensor.DType;
import org.jtorch.tensor.Device;
import org.jtorch.tensor.Grad;
import org.jtorch.tensor.GradTape;
import org.jtorch.tensor.Rng;
import org.jtorch.tensor.Tensor;
import org.jtorch.tensor.TensorScope;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

@SuppressWarnings("MustBeClosedChecker")
class EncoderTest {
  private static final EncoderConfig SMALL = new EncoderConfig("roberta", 23, 16, 2, 4, 24, 14, 2, 3, Activation.GELU, 1e-5, 0.3);

  @AfterEach void nothingLives() {
    assertThat(TensorScope.stats().live()).isZero();
  }

  private static Encoder model() {
    return Encoder.create(SMALL, Device.CPU, DType.F32, Rng.of(5));
  }

  private static float[] hidden(Encoder model, Tensor ids, Pass pass) {
    try (var _ = Grad.off()) {
      return model.hidden(ids, pass).toFloats();
    }
  }

  @Test void laterTokensAreSeenAndPaddingIsNot() {
    try (var model = model(); var _ = TensorScope.open()) {
      float[] alone = hidden(model, Tensor.of(7, 8, 9).view(1, 3), Pass.EMPTY);
      float[] changed = hidden(model, Tensor.of(7, 8, 10).view(1, 3), Pass.EMPTY);
      assertThat(changed[0]).isNotCloseTo(alone[0], within(1e-3f));                 // the first token sees the last
      Tensor mask = Tensor.of(1, 1, 1, 0, 0).view(1, 5).eq(1);
      for (long filler : new long[] {3, 11}) {                                        // whatever fills the row
        float[] padded = hidden(model, Tensor.of(7, 8, 9, filler, filler).view(1, 5), Pass.EMPTY.withKeyMask(mask));
        assertThat(Arrays.copyOf(padded, alone.length)).containsExactly(alone, within(1e-5f));
      }
      Tensor left = Tensor.of(0, 0, 1, 1, 1).view(1, 5).eq(1);
      float[] shifted = hidden(model, Tensor.of(3, 3, 7, 8, 9).view(1, 5), Pass.EMPTY.withKeyMask(left));
      assertThat(Arrays.copyOfRange(shifted, 2 * 16, 5 * 16)).containsExactly(alone, within(1e-5f));
    }
  }

  @Test void packedSequencesDoNotSeeEachOther() {
    try (var model = model(); var _ = TensorScope.open()) {
      float[] first = hidden(model, Tensor.of(7, 8, 9).view(1, 3), Pass.EMPTY);
      float[] second = hidden(model, Tensor.of(12, 5).view(1, 2), Pass.EMPTY);
      var packed = Pass.EMPTY.withSegments(Tensor.of(0, 0, 0, 1, 1).view(1, 5))
          .withPositions(Tensor.of(4, 5, 6, 4, 5).view(1, 5));
      float[] both = hidden(model, Tensor.of(7, 8, 9, 12, 5).view(1, 5), packed);
      assertThat(Arrays.copyOf(both, first.length)).containsExactly(first, within(1e-5f));
      assertThat(Arrays.copyOfRange(both, first.length, both.length)).containsExactly(second, within(1e-5f));
    }
  }

  @Test void positionsCountRealTokensFromBehindThePaddingToken() {
    try (var model = model(); var _ = TensorScope.open()) {
      Tensor ids = Tensor.of(3, 7, 8, 3, 9, 3).view(1, 6);
      assertThat(model.positions(ids, null).toLongs()).containsExactly(3, 4, 5, 3, 6, 3);
      Tensor mask = Tensor.of(0, 1, 1, 1, 1, 0).view(1, 6).eq(1);                    // a real token may be the padding token
      assertThat(model.positions(ids, mask).toLongs()).containsExactly(3, 4, 5, 6, 7, 3);
    }
  }

  @Test void tokenTypesAndLayersAreSeenByTheProbe() {
    try (var model = model(); var _ = TensorScope.open(); var _ = Grad.off()) {
      var seen = new ArrayList<Integer>();
      Tensor ids = Tensor.of(7, 8, 9).view(1, 3);
      float[] zero = model.hidden(ids, Tensor.of(0, 0, 0).view(1, 3), Pass.EMPTY, (i, _) -> seen.add(i)).toFloats();
      assertThat(seen).containsExactly(0, 1, 2);
      assertThat(zero).containsExactly(hidden(model, ids, Pass.EMPTY));
      float[] other = model.hidden(ids, Tensor.of(0, 1, 1).view(1, 3), Pass.EMPTY, (_, _) -> {}).toFloats();
      assertThat(other[0]).isNotCloseTo(zero[0], within(1e-4f));
    }
  }

  @Test void gradientsAreTheSameWithAndWithoutATape() {
    try (var model = model(); var _ = TensorScope.open()) {
      model.requiresGrad(true);
      Tensor ids = Tensor.of(7, 8, 9, 3, 10, 11, 12, 13).view(2, 4);
      Pass pass = Pass.EMPTY.withKeyMask(ids.eq(3).not());
      loss(model, ids, pass).backward();
      var plain = gradients(model);
      for (boolean checkpoint : new boolean[] {false, true}) {
        model.zeroGrad();
        try (var tape = GradTape.open()) {
          tape.backward(loss(model, ids, pass.withTape(tape).withCheckpoint(checkpoint)));
        }
        var taped = gradients(model);
        plain.forEach((name, g) -> assertThat(taped.get(name)).as(name).containsExactly(g, within(2e-5f)));
      }
      assertThat(largest(plain.get("encoder.layer.0.attention.self.query.weight"))).isGreaterThan(1e-3);
      model.zeroGrad();
    }
  }

  private static Tensor loss(Encoder model, Tensor ids, Pass pass) {
    return model.hidden(ids, pass).select(1, 0).select(1, 2).square().sum();           // one channel of the first tokens
  }

  private static double largest(float @Nullable [] values) {
    double most = 0;
    for (float v : Objects.requireNonNull(values)) {
      most = Math.max(most, Math.abs(v));
    }
    return most;
  }

  private static Map<String, float[]> gradients(Encoder model) {
    var map = new LinkedHashMap<String, float[]>();
    model.weights().forEach((name, w) -> map.put(name, Objects.requireNonNull(w.grad(), name).toFloats()));
    return map;
  }

  @Test void sequencesBeyondTheTableAreRefused() {
    try (var model = model(); var _ = TensorScope.open()) {
      assertThat(SMALL.maxPositions()).isEqualTo(10);
      assertThatThrownBy(() -> model.hidden(Tensor.of(new long[11]).view(1, 11), Pass.EMPTY))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("11 tokens").hasMessageContaining("allows 10").hasMessageContaining("max_position_embeddings");
      assertThatThrownBy(() -> model.hidden(Tensor.of(7).view(1, 1), Pass.EMPTY.withPositions(Tensor.of(14).view(1, 1))))
          .isInstanceOf(IllegalArgumentException.class).hasMessageContaining("position 14").hasMessageContaining("14 rows");
    }
  }

  @Test void parameterCountsAreThoseOfThePublishedModels() {
    // transformers' RobertaModel(config, add_pooling_layer=False).num_parameters()
    assertThat(Roberta.BASE.parameterCount()).isEqualTo(124_055_040);
    assertThat(Roberta.LARGE.parameterCount()).isEqualTo(354_310_144);
    assertThat(Roberta.DISTIL.parameterCount()).isEqualTo(81_527_808);
  }

  @Test void impossibleShapesAreRefused() {
    assertThatThrownBy(() -> new EncoderConfig("roberta", 23, 18, 2, 4, 24, 14, 1, 1, Activation.GELU, 1e-5, 0.02))
        .hasMessageContaining("`num_attention_heads` (4) must divide `hidden_size` (18)");
    assertThatThrownBy(() -> SMALL.withPositions(4)).hasMessageContaining("`max_position_embeddings` (4)")
        .hasMessageContaining("pad_token_id");
    assertThatThrownBy(() -> SMALL.withVocab(3)).hasMessageContaining("`pad_token_id`").hasMessageContaining("0 to 2");
  }
}
