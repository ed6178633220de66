package org.jtorch.attention;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.within;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.jtorch.attention.AttentionConfig.Gqa;
import org.jtorch.attention.AttentionConfig.Span;
import org.jtorch.decoder.BlockConfig;
import org.jtorch.decoder.Decoder;
import org.jtorch.decoder.DecoderConfig;
import org.jtorch.ffn.Activation;
import org.jtorch.ffn.FeedForwardConfig.Gated;
import org.jtorch.nn.Pass;
import org.jtorch.nn.SoftCap;
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
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/// What a query sees: windows and their rolling cache, folded distances, prefixes.
class SpanTest {
  private static final Rope ROPE = new Rope(10_000, RopeScaling.NONE);
  private static final int VOCAB = 23;

  @AfterEach void nothingLives() {
    assertThat(TensorScope.stats().live()).isZero();
  }

  private static DecoderConfig model(Span... spans) {
    var blocks = new ArrayList<BlockConfig>();
    for (var span : spans) {
      blocks.add(new BlockConfig(new Gqa(4, 2, 8, true, false, ROPE, span), new Gated(24, Activation.SILU, false)));
    }
    return new DecoderConfig("llama", VOCAB, 16, 128, 1e-5, false, 0.5, blocks);
  }

  private static Tensor ids(int rows, int n) {
    var values = new long[rows * n];
    for (int i = 0; i < values.length; i++) {
      values[i] = i * 7L % VOCAB;
    }
    return Ops.of(values, Device.CPU, rows, n);
  }

  /// Logits of all positions, computed `step` tokens at a time through the cache.
  private static float[] cached(Decoder model, Tensor ids, int step, @Nullable Tensor mask) {
    long T = ids.size(1);
    try (var _ = TensorScope.open(); var cache = model.cache((int) ids.size(0), (int) T)) {
      var parts = new ArrayList<Tensor>();
      for (long from = 0; from < T; from += step) {
        long n = Math.min(step, T - from);
        Pass pass = mask == null ? Pass.EMPTY : Pass.EMPTY.withKeyMask(mask.narrow(1, 0, from + n))
            .withPositions(Ops.clampMin(mask.to(DType.I64).cumsum(1).sub(1), 0).narrow(1, from, n));
        parts.add(model.logits(model.hidden(ids.narrow(1, from, n), pass, cache)));
      }
      return Ops.cat(1, parts.toArray(Tensor[]::new)).toFloats();
    }
  }

  @ParameterizedTest
  @CsvSource({"1, 1", "1, 4", "3, 4", "4, 4", "5, 4", "7, 4", "30, 4", "1, 40", "9, 11"})
  void theRollingCacheOfAWindowEqualsTheFullForward(int step, int window) {
    try (var model = Decoder.create(model(new Span.Sliding(window), Span.FULL, new Span.Sliding(window + 1)), Device.CPU, DType.F32, Rng.of(3));
         var _ = TensorScope.open(); var _ = Grad.off()) {
      Tensor ids = ids(2, 30);
      float[] full = model.apply(ids, Pass.EMPTY).toFloats();
      assertThat(cached(model, ids, step, null)).containsExactly(full, within(2e-4f));
    }
  }

  @ParameterizedTest @ValueSource(ints = {1, 3, 6})
  void theRollingCacheMindsPaddingOnTheLeft(int step) {
    try (var model = Decoder.create(model(new Span.Sliding(5), new Span.Sliding(9)), Device.CPU, DType.F32, Rng.of(3));
         var _ = TensorScope.open(); var _ = Grad.off()) {
      Tensor ids = ids(2, 20);
      Tensor k = Ops.arange(0, 20, Device.CPU).view(1, 20);
      Tensor mask = Ops.cat(0, k.ge(4), k.ge(0));
      Tensor positions = Ops.clampMin(mask.to(DType.I64).cumsum(1).sub(1), 0);
      Tensor full = model.apply(ids, Pass.EMPTY.withKeyMask(mask).withPositions(positions));
      Tensor real = mask.to(DType.F32).unsqueeze(2);
      float[] byStep = Tensor.of(cached(model, ids, step, mask)).view(2, 20, VOCAB).mul(real).toFloats();
      assertThat(byStep).containsExactly(full.mul(real).toFloats(), within(2e-4f));
    }
  }

  @Test void aWindowKeepsOnlyItselfInTheCache() {
    var config = model(new Span.Sliding(8), Span.FULL);
    try (var cache = KvCache.allocate(config.attentions(), 1, 100, DType.F32, Device.CPU)) {
      assertThat(cache.bytes()).isEqualTo(2L * 2 * 8 * 4 * (8 + 100));
    }
  }

  /// arXiv:2310.06825, section 2: after n sliding layers a token reaches n (W − 1) + 1 tokens back and no further.
  @Test void theReceptiveFieldOfStackedWindows() {
    int window = 4;
    try (var model = Decoder.create(model(new Span.Sliding(window), new Span.Sliding(window), new Span.Sliding(window)), Device.CPU,
        DType.F32, Rng.of(1)); var _ = TensorScope.open(); var _ = Grad.off()) {
      float[] before = model.apply(ids(1, 16), Pass.EMPTY).select(1, 15).toFloats();
      int reach = 3 * (window - 1) + 1;
      for (int i = 0; i < 16; i++) {
        long[] changed = ids(1, 16).toLongs();
        changed[i] = (changed[i] + 5) % VOCAB;
        float[] after = model.apply(Ops.of(changed, Device.CPU, 1, 16), Pass.EMPTY).select(1, 15).toFloats();
        assertThat(Arrays.equals(before, after)).as("token %s reaches the last", i).isEqualTo(i < 16 - reach);
      }
    }
  }

  @Test void dualChunksUpToAChunkArePlainAttention() {
    try (var plain = Decoder.create(model(Span.FULL, Span.FULL), Device.CPU, DType.F32, Rng.of(5));
         var chunked = Decoder.create(model(new Span.DualChunk(24, 18), new Span.DualChunk(24, 18)), Device.CPU, DType.F32, Rng.of(5));
         var _ = TensorScope.open(); var _ = Grad.off()) {
      float[] expected = plain.apply(ids(2, 18), Pass.EMPTY).toFloats();
      assertThat(chunked.apply(ids(2, 18), Pass.EMPTY).toFloats()).containsExactly(expected, within(1e-4f));
      float[] longer = plain.apply(ids(2, 60), Pass.EMPTY).toFloats();
      assertThat(chunked.apply(ids(2, 60), Pass.EMPTY).toFloats()).isNotEqualTo(longer);
    }
  }

  @ParameterizedTest @ValueSource(ints = {1, 7, 25})
  void dualChunksDecodeThroughTheCache(int step) {
    try (var model = Decoder.create(model(new Span.DualChunk(10, 6), new Span.DualChunk(10, 6)), Device.CPU, DType.F32, Rng.of(5));
         var _ = TensorScope.open(); var _ = Grad.off()) {
      float[] full = model.apply(ids(2, 25), Pass.EMPTY).toFloats();
      assertThat(cached(model, ids(2, 25), step, null)).containsExactly(full, within(2e-4f));
    }
  }

  /// Padding on the left moves indices, not positions: the chunks stay where they are.
  @Test void dualChunksCountPositionsNotIndices() {
    try (var model = Decoder.create(model(new Span.DualChunk(10, 6), new Span.DualChunk(10, 6)), Device.CPU, DType.F32, Rng.of(5));
         var _ = TensorScope.open(); var _ = Grad.off()) {
      Tensor alone = ids(1, 25);
      Tensor padded = Ops.cat(1, Ops.zeros(DType.I64, Device.CPU, 1, 4), alone);
      Tensor mask = Ops.arange(0, 29, Device.CPU).view(1, 29).ge(4);
      float[] expected = model.apply(alone, Pass.EMPTY).toFloats();
      for (int step : new int[] {29, 7, 1}) {
        float[] all = cached(model, padded, step, mask);
        assertThat(Arrays.copyOfRange(all, 4 * VOCAB, all.length)).as("%s at a time", step).containsExactly(expected, within(2e-4f));
      }
    }
  }

  /// The relative distances of arXiv:2402.17463 (c = 10, s = 6), read off scores that depend on nothing but the distance: all
  /// keys and queries are the same vector, so that the score is a sum of cosines of distance times frequency.
  @ParameterizedTest
  @CsvSource({"6, '6 5 4 3 2 1 0'", "9, '9 8 7 6 5 4 3 2 1 0'", "11, '9 8 7 6 5 4 5 4 3 2 1 0'"})
  void dualChunkDistances(int query, String row) {
    var distances = Arrays.stream(row.split(" ")).mapToInt(Integer::parseInt).toArray();
    var config = new Gqa(1, 1, 2, false, false, new Rope(10_000, RopeScaling.NONE), new Span.DualChunk(10, 6));
    try (var scope = TensorScope.open(); var _ = Grad.off()) {
      int n = query + 1;
      Tensor same = Ops.cat(3, Ops.ones(DType.F32, Device.CPU, 1, n, 1, 1), Ops.zeros(DType.F32, Device.CPU, 1, n, 1, 1));
      var state = new AttentionState(Pass.EMPTY, scope, ids(1, n), DType.F32, null);
      double[] weights = new double[n];
      double sum = 0;
      for (int j = 0; j < n; j++) {
        weights[j] = Math.exp(Math.cos(distances[j]) / Math.sqrt(2));       // one pair of dimensions turns by 1 a token
        sum += weights[j];
      }
      for (int j = 0; j < n; j++) {                                          // v picks key j
        Tensor v = Ops.arange(0, n, Device.CPU).eq(j).to(DType.F32).view(1, 1, n, 1);
        Tensor y = new DualChunk(config, new Span.DualChunk(10, 6), state).attend(same, same, v, 0);
        assertThat((double) y.toFloats()[query]).as("key %s", j).isCloseTo(weights[j] / sum, within(1e-6));
      }
    }
  }

  @Test void aPrefixIsSeenByAllAndTheRestIsCausal() {
    try (var model = Decoder.create(model(Span.FULL, Span.FULL), Device.CPU, DType.F32, Rng.of(2));
         var _ = TensorScope.open(); var _ = Grad.off()) {
      Pass pass = Pass.EMPTY.withPrefix(Ops.of(new long[] {4}, Device.CPU, 1));
      Tensor before = model.apply(ids(1, 10), pass);
      for (int changed : List.of(3, 4, 9)) {
        long[] values = ids(1, 10).toLongs();
        values[changed] = (values[changed] + 1) % VOCAB;
        Tensor after = model.apply(Ops.of(values, Device.CPU, 1, 10), pass);
        for (int t = 0; t < 10; t++) {
          boolean sees = changed < 4 || changed <= t;
          assertThat(Arrays.equals(after.select(1, t).toFloats(), before.select(1, t).toFloats()))
              .as("token %s does not reach %s", changed, t).isEqualTo(!sees);
        }
      }
    }
  }

  /// arXiv:2408.00118, section 2: 10 becomes 9.8687660112 under a cap of 50.
  @Test void softCaps() {
    try (var _ = TensorScope.open()) {
      float[] capped = new SoftCap(50).apply(Tensor.of(10f, 50f, 100f)).toFloats();
      assertThat(capped).containsExactly(new float[] {9.8687660112f, 38.0797077978f, 48.2013790038f}, within(1e-5f));
      assertThat(new SoftCap(30).apply(Tensor.of(10f, 100f)).toFloats())
          .containsExactly(new float[] {9.6453821265f, 29.9237390242f}, within(1e-5f));
    }
    assertThatIllegalArgumentException().isThrownBy(() -> new SoftCap(0)).withMessageContaining("> 0");
  }

  @Test void chunksBelowTheTrainedContext() {
    assertThatIllegalArgumentException().isThrownBy(() -> new Span.DualChunk(10, 10)).withMessageContaining("three quarters");
  }
}
