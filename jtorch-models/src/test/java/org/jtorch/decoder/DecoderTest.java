package org.jtorch.decoder;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.assertj.core.api.Assertions.within;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Objects;
import org.jtorch.attention.AttentionConfig.Gqa;
import org.jtorch.attention.AttentionConfig.Span;
import org.jtorch.attention.Rope;
import org.jtorch.attention.RopeScaling;
import org.jtorch.family.Families;
import org.jtorch.family.Llama;
import org.jtorch.ffn.Activation;
import org.jtorch.ffn.FeedForwardConfig.Gated;
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
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class DecoderTest {
  private static final Rope ROPE = new Rope(10_000, RopeScaling.NONE);

  @AfterEach void nothingLives() {
    assertThat(TensorScope.stats().live()).isZero();
  }

  static DecoderConfig small(int kvHeads, Span span, boolean tied) {
    var attention = new Gqa(4, kvHeads, 4, false, false, ROPE, span);
    var block = new BlockConfig(attention, new Gated(24, Activation.SILU, false));
    return new DecoderConfig("llama", 13, 16, 32, 1e-5, tied, 0.3, Collections.nCopies(2, block));
  }

  @SuppressWarnings("MustBeClosedChecker")
  private static Decoder model(DecoderConfig config, DType dtype) {
    return Decoder.create(config, Device.CPU, dtype, Rng.of(7));
  }

  private static Tensor ids(long... shape) {
    var rng = Rng.of(11);
    var values = new long[(int) (shape[0] * shape[1])];
    for (int i = 0; i < values.length; i++) {
      values[i] = (long) (rng.uniform() * 13);
    }
    return Ops.of(values, Device.CPU, shape);
  }

  @ParameterizedTest
  @CsvSource({"llama3.1-8b, 8030261248", "llama3.1-70b, 70553706496", "llama3.1-405b, 405853388800"})
  void presetsHaveTheirParameters(String preset, long count) {
    var config = Objects.requireNonNull(Families.presets().get(preset));
    assertThat(config.parameterCount()).isEqualTo(count);
  }

  @Test void tyingSavesTheHead() {
    var untied = small(2, Span.FULL, false);
    var tied = small(2, Span.FULL, true);
    assertThat(untied.parameterCount() - tied.parameterCount()).isEqualTo(13L * 16);
    try (var model = new Decoder(tied)) {
      assertThat(model.weights()).doesNotContainKey("lm_head.weight");
      assertThat(model.parameters()).doesNotHaveDuplicates();
    }
  }

  @Test void weightsHaveTheNamesOfCheckpoints() {
    try (var model = new Decoder(small(2, Span.FULL, false).withLayers(1))) {
      String layer = "model.layers.0.";
      assertThat(model.weights().keySet()).containsExactlyInAnyOrder("model.embed_tokens.weight", layer + "input_layernorm.weight",
          layer + "self_attn.q_proj.weight", layer + "self_attn.k_proj.weight", layer + "self_attn.v_proj.weight",
          layer + "self_attn.o_proj.weight", layer + "post_attention_layernorm.weight", layer + "mlp.gate_proj.weight",
          layer + "mlp.up_proj.weight", layer + "mlp.down_proj.weight", "model.norm.weight", "lm_head.weight");
      assertThat(Objects.requireNonNull(model.weights().get(layer + "self_attn.k_proj.weight")).shape()).containsExactly(8, 16);
    }
  }

  @Test void tooLongSequencesAreRefused() {
    try (var model = model(small(2, Span.FULL, false), DType.F32); var _ = TensorScope.open(); var cache = model.cache(1, 40)) {
      assertThatIllegalArgumentException().isThrownBy(() -> model.apply(ids(1, 33), Pass.EMPTY))
          .withMessageContaining("33 tokens").withMessageContaining("32 (`max_position_embeddings`)");
      try (var _ = Grad.off()) {
        assertThat(model.hidden(ids(1, 32), Pass.EMPTY, cache).shape()).containsExactly(1, 32, 16);
        assertThatIllegalArgumentException().isThrownBy(() -> model.hidden(ids(1, 1), Pass.EMPTY, cache)).withMessageContaining("33");
      }
    }
  }

  @Test void wrongConfigurationsNameTheirKey() {
    assertThatIllegalArgumentException().isThrownBy(() -> small(3, Span.FULL, false)).withMessageContaining("`num_key_value_heads` (3)");
    assertThatIllegalArgumentException().isThrownBy(() -> new Gqa(4, 2, 5, false, false, ROPE, Span.FULL)).withMessageContaining("`head_dim`");
    assertThatIllegalArgumentException().isThrownBy(() -> new Span.Sliding(0)).withMessageContaining("`sliding_window`");
    assertThatIllegalArgumentException().isThrownBy(() -> new Gated(0, Activation.SILU, false)).withMessageContaining("`intermediate_size`");
    assertThatIllegalArgumentException().isThrownBy(() -> Llama.TINY.withVocab(0)).withMessageContaining("`vocab_size`");
    assertThatIllegalArgumentException().isThrownBy(() -> Llama.TINY.withLayers(0)).withMessageContaining("`num_hidden_layers`");
    assertThatIllegalArgumentException().isThrownBy(() -> Llama.TINY.withContext(-1)).withMessageContaining("`max_position_embeddings`");
    assertThatIllegalArgumentException().isThrownBy(() -> Families.named("gpt9")).withMessageContaining("supported: llama");
  }

  @Test void weightsAreNeededOnceAndOnlyOnce() {
    try (var model = new Decoder(small(2, Span.FULL, false)); var _ = TensorScope.open()) {
      assertThatIllegalStateException().isThrownBy(() -> model.apply(Tensor.of(1L).view(1, 1), Pass.EMPTY))
          .withMessageContaining("no weights yet");
      assertThat(model.initialize(Device.CPU, DType.F32, Rng.of(0))).isSameAs(model);
      assertThatIllegalStateException().isThrownBy(() -> model.initialize(Device.CPU, DType.F32, Rng.of(0)))
          .withMessageContaining("has weights already");
    }
  }

  /// In float64, where only a wrong formula can exceed the bound: float32 products of other shapes round differently.
  @Test void groupedHeadsEqualRepeatedHeads() {
    try (var grouped = model(small(2, Span.FULL, false), DType.F64); var full = model(small(4, Span.FULL, false), DType.F64);
         var _ = TensorScope.open(); var _ = Grad.off()) {
      grouped.weights().forEach((name, from) -> {
        var to = Objects.requireNonNull(full.weights().get(name));
        boolean repeat = name.contains("k_proj") || name.contains("v_proj");
        to.view().copyInPlace(repeat ? from.view().view(2, 1, 4, 16).expand(2, 2, 4, 16).reshape(16, 16) : from.view());
      });
      near(grouped.apply(ids(2, 9), Pass.EMPTY), full.apply(ids(2, 9), Pass.EMPTY), 1e-6f);
    }
  }

  @Test void aWindowOfOneSeesOnlyItself() {
    try (var model = model(small(2, new Span.Sliding(1), false), DType.F32); var _ = TensorScope.open(); var _ = Grad.off()) {
      Tensor together = model.apply(ids(1, 6), Pass.EMPTY);
      Tensor alone = model.apply(ids(1, 6).view(6, 1), Pass.EMPTY).view(1, 6, 13);
      near(together, alone, 1e-5f);
    }
  }

  @ParameterizedTest @ValueSource(ints = {6, 7, 100})
  void aWindowAsLongAsTheSequenceIsFull(int window) {
    try (var model = model(small(2, new Span.Sliding(window), false), DType.F32); var full = model(small(2, Span.FULL, false), DType.F32);
         var narrow = model(small(2, new Span.Sliding(5), false), DType.F32); var _ = TensorScope.open(); var _ = Grad.off()) {
      float[] expected = full.apply(ids(1, 6), Pass.EMPTY).toFloats();
      assertThat(model.apply(ids(1, 6), Pass.EMPTY).toFloats()).containsExactly(expected, within(1e-6f));
      assertThat(narrow.apply(ids(1, 6), Pass.EMPTY).toFloats()).isNotEqualTo(expected);
    }
  }

  @Test void theFutureIsInvisible() {
    try (var model = model(small(2, Span.FULL, false), DType.F32); var _ = TensorScope.open(); var _ = Grad.off()) {
      Tensor a = ids(1, 8);
      Tensor b = Ops.cat(1, a.narrow(1, 0, 5), a.narrow(1, 5, 3).add(Tensor.of(1L)));
      near(model.apply(a, Pass.EMPTY).narrow(1, 0, 5), model.apply(b.maskedFill(b.ge(13), 0), Pass.EMPTY).narrow(1, 0, 5), 1e-6f);
    }
  }

  @Test void cachedStepsEqualTheWholeSequence() {
    for (var span : List.of(Span.FULL, new Span.Sliding(3))) {
      try (var model = model(small(2, span, true), DType.F32); var _ = TensorScope.open(); var _ = Grad.off();
           var cache = model.cache(2, 10)) {
        Tensor ids = ids(2, 10);
        Tensor whole = model.hidden(ids, Pass.EMPTY, null);
        var parts = new ArrayList<Tensor>();
        long at = 0;
        for (long n : new long[] {4, 3, 1, 1, 1}) {                     // prefill, a chunk, single tokens
          parts.add(model.hidden(ids.narrow(1, at, n), Pass.EMPTY, cache));
          at += n;
        }
        assertThat(cache.length()).isEqualTo(10);
        near(Ops.cat(1, parts.toArray(Tensor[]::new)), whole, 1e-5f);
      }
    }
  }

  @Test void aFullCacheSaysSo() {
    try (var model = model(small(2, Span.FULL, false), DType.F32); var _ = TensorScope.open(); var _ = Grad.off();
         var cache = model.cache(1, 4)) {
      assertThatIllegalStateException().isThrownBy(() -> model.hidden(ids(1, 5), Pass.EMPTY, cache)).withMessageContaining("holds 4 tokens");
    }
  }

  @Test void theProbeSeesEveryLayer() {
    try (var model = model(small(2, Span.FULL, false), DType.F32); var _ = TensorScope.open(); var _ = Grad.off()) {
      var seen = new ArrayList<Integer>();
      var last = new ArrayList<float[]>();
      Tensor h = model.hidden(ids(1, 4), Pass.EMPTY, null, (i, t) -> {
        seen.add(i);
        last.add(t.toFloats());
      });
      assertThat(seen).containsExactly(0, 1, 2);
      assertThat(last.getLast()).isEqualTo(h.toFloats());
    }
  }

  @ParameterizedTest @CsvSource({"false, false", "false, true", "true, false", "true, true"})
  void tapesEqualAutograd(boolean tied, boolean packed) {
    try (var model = model(small(2, Span.FULL, tied), DType.F32); var _ = TensorScope.open()) {
      model.requiresGrad(true);
      Pass pass = packed ? packing() : Pass.EMPTY;
      loss(model, ids(2, 10), pass).backward();
      var expected = takeGradients(model);
      var taped = taped(model, ids(2, 10), pass);
      var checkpointed = taped(model, ids(2, 10), pass.withCheckpoint(true));
      for (int i = 0; i < expected.size(); i++) {
        assertThat(taped.get(i)).as("parameter " + i).containsExactly(expected.get(i), within(2e-5f));
      }
      assertThat(checkpointed).usingRecursiveComparison().isEqualTo(taped);
    }
  }

  /// Segments 0000 1111 11 and positions that begin again.
  private static Pass packing() {
    Tensor segments = Tensor.of(0, 0, 0, 0, 1, 1, 1, 1, 1, 1).view(1, 10).expand(2, 10);
    Tensor positions = Tensor.of(0, 1, 2, 3, 0, 1, 2, 3, 4, 5).view(1, 10).expand(2, 10);
    return Pass.EMPTY.withSegments(segments).withPositions(positions);
  }

  @Test void packedRowsEqualSeparateRows() {
    try (var model = model(small(2, Span.FULL, false), DType.F32); var _ = TensorScope.open()) {
      model.requiresGrad(true);
      Tensor ids = ids(2, 10);
      Tensor g = Rng.of(1).normal(0, 1, DType.F32, Device.CPU, 2, 10, 13);
      float[] packed;
      try (var tape = GradTape.open()) {
        Tensor y = model.apply(ids, packing().withTape(tape));
        packed = y.toFloats();
        tape.backward(y.mul(g).sum());
      }
      var expected = takeGradients(model);
      var parts = new ArrayList<Tensor>();
      for (long[] part : new long[][] {{0, 4}, {4, 6}}) {
        try (var tape = GradTape.open()) {
          Tensor y = model.apply(ids.narrow(1, part[0], part[1]), Pass.training(tape));
          tape.backward(y.mul(g.narrow(1, part[0], part[1])).sum());
        }
        parts.add(model.apply(ids.narrow(1, part[0], part[1]), Pass.EMPTY).detach());
      }
      assertThat(Ops.cat(1, parts.toArray(Tensor[]::new)).toFloats()).containsExactly(packed, within(1e-5f));
      var separate = takeGradients(model);
      for (int i = 0; i < expected.size(); i++) {
        assertThat(separate.get(i)).as("parameter " + i).containsExactly(expected.get(i), within(5e-5f));
      }
    }
  }

  @Test void gradientsEqualFiniteDifferences() {
    try (var model = model(small(2, Span.FULL, true), DType.F64); var _ = TensorScope.open()) {
      model.requiresGrad(true);
      Tensor ids = ids(1, 5);
      tapedBackward(model, ids, Pass.EMPTY);
      double step = 1e-5;
      for (var p : model.parameters()) {
        double[] exact = Objects.requireNonNull(p.grad()).toDoubles();
        for (int i : new int[] {0, exact.length - 1}) {
          double up = tapedLoss(model, ids, p.tensor(), i, step);
          double down = tapedLoss(model, ids, p.tensor(), i, -step);
          assertThat((up - down) / (2 * step)).isCloseTo(exact[i], within(1e-7));
        }
      }
    }
  }

  private static double tapedLoss(Decoder model, Tensor ids, Tensor weight, int index, double change) {
    shift(weight, index, change);
    try (var tape = GradTape.open()) {
      return loss(model, ids, Pass.training(tape)).item();
    } finally {
      shift(weight, index, -change);
    }
  }

  private static void shift(Tensor weight, int index, double change) {
    try (var _ = TensorScope.open(); var _ = Grad.off()) {
      weight.view(-1).narrow(0, index, 1).addInPlace(Ops.full(change, DType.F64, Device.CPU, 1));
    }
  }

  private static Tensor loss(Decoder model, Tensor ids, Pass pass) {
    long T = ids.size(1) - 1;
    Tensor logits = model.apply(ids.narrow(1, 0, ids.size(1)), pass).narrow(1, 0, T);
    return Ops.crossEntropy(logits.reshape(-1, 13), ids.narrow(1, 1, T).reshape(-1));
  }

  private static List<float[]> taped(Decoder model, Tensor ids, Pass pass) {
    tapedBackward(model, ids, pass);
    return takeGradients(model);
  }

  private static void tapedBackward(Decoder model, Tensor ids, Pass pass) {
    try (var tape = GradTape.open()) {
      tape.backward(loss(model, ids, pass.withTape(tape)));
    }
  }

  private static List<float[]> takeGradients(Decoder model) {
    var list = new ArrayList<float[]>();
    for (var p : model.parameters()) {
      list.add(Objects.requireNonNull(p.grad()).toFloats());
    }
    model.zeroGrad();
    return list;
  }

  private static void near(Tensor a, Tensor b, float tolerance) {
    assertThat(a.toFloats()).containsExactly(b.toFloats(), within(tolerance));
  }
}
