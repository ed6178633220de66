package org.jtorch.attention;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jtorch.attention.AttentionConfig.Gqa;
import org.jtorch.attention.AttentionConfig.Span;
import org.jtorch.decoder.BlockConfig;
import org.jtorch.decoder.Decoder;
import org.jtorch.decoder.DecoderConfig;
import org.jtorch.ffn.Activation;
import org.jtorch.ffn.FeedForwardConfig.Gated;
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
import org.junit.jupiter.params.provider.ValueSource;

/// Rows that leave, are repeated, change places and take tokens back, in layers that keep everything and in rings, against a
/// forward over each text from its beginning.
class KvCacheTest {
  private static final int VOCAB = 23;
  private static final int CAPACITY = 24;

  @AfterEach void nothingLives() {
    assertThat(TensorScope.stats().live()).isZero();
  }

  /// One layer that keeps everything, and two rings.
  @SuppressWarnings("MustBeClosedChecker")     // the test closes it
  private static Decoder model(int window) {
    var blocks = new ArrayList<BlockConfig>();
    for (var span : List.of(new Span.Sliding(window), Span.FULL, new Span.Sliding(window + 1))) {
      blocks.add(new BlockConfig(new Gqa(4, 2, 8, true, false, new Rope(10_000, RopeScaling.NONE), span),
          new Gated(24, Activation.SILU, false)));
    }
    return Decoder.create(new DecoderConfig("llama", VOCAB, 16, 128, 1e-5, false, 0.5, blocks), Device.CPU, DType.F32, Rng.of(3));
  }

  private static long[] text(int start, int n) {
    var ids = new long[n];
    for (int i = 0; i < n; i++) {
      ids[i] = (start + i * 7L + (long) i * i) % VOCAB;
    }
    return ids;
  }

  private static Tensor table(List<long[]> rows) {
    return Ops.of(rows.stream().flatMapToLong(Arrays::stream).toArray(), Device.CPU, rows.size(), rows.getFirst().length);
  }

  /// Feeds rows of one length.
  private static void feed(Decoder model, KvCache cache, List<long[]> rows) {
    var _ = model.hidden(table(rows), Pass.EMPTY, cache);
  }

  /// Feeds one more token to every text and compares the scores with those of the whole text.
  ///
  /// @param lengths tokens of each text that the cache holds
  private static void assertNext(Decoder model, KvCache cache, List<long[]> texts, int... lengths) {
    int columns = cache.length() + 1;
    var next = new ArrayList<long[]>();
    var real = new long[texts.size() * columns];
    var at = new long[texts.size()];
    for (int i = 0; i < texts.size(); i++) {
      next.add(new long[] {texts.get(i)[lengths[i]]});
      Arrays.fill(real, i * columns + columns - 1 - lengths[i], (i + 1) * columns, 1);
      at[i] = lengths[i];
    }
    var pass = Pass.EMPTY.withKeyMask(Ops.of(real, Device.CPU, texts.size(), columns).eq(1))
        .withPositions(Ops.of(at, Device.CPU, texts.size(), 1));
    Tensor scores = model.logits(model.hidden(table(next), pass, cache));
    for (int i = 0; i < texts.size(); i++) {
      long[] whole = Arrays.copyOf(texts.get(i), lengths[i] + 1);
      Tensor expected = model.apply(table(List.of(whole)), Pass.EMPTY).select(1, lengths[i]);
      assertThat(scores.narrow(0, i, 1).toFloats()).as("row %s", i).containsExactly(expected.toFloats(), within(2e-4f));
    }
  }

  @ParameterizedTest @ValueSource(ints = {3, 5, 30})
  void rowsLeaveAndAreRepeated(int window) {
    try (var model = model(window); var _ = TensorScope.open(); var _ = Grad.off(); var cache = model.cache(3, CAPACITY)) {
      var texts = List.of(text(1, 12), text(2, 12), text(3, 12));
      feed(model, cache, texts.stream().map(t -> Arrays.copyOf(t, 9)).toList());
      cache.select(2, 0, 2, 2);
      assertThat(cache.batch()).isEqualTo(4);
      assertThat(cache.length()).isEqualTo(9);
      var kept = List.of(texts.get(2), texts.get(0), texts.get(2), texts.get(2));
      assertNext(model, cache, kept, 9, 9, 9, 9);
      cache.select(1);
      assertNext(model, cache, List.of(texts.get(0)), 10);
    }
  }

  @ParameterizedTest @ValueSource(ints = {3, 5, 30})
  void waitingTextsTakeThePlacesOfOthers(int window) {
    try (var model = model(window); var _ = TensorScope.open(); var _ = Grad.off(); var cache = model.cache(2, CAPACITY);
         var other = model.cache(2, 14)) {
      var old = List.of(text(1, 20), text(2, 20));
      var fresh = List.of(text(4, 20), text(5, 20));
      feed(model, cache, old.stream().map(t -> Arrays.copyOf(t, 11)).toList());
      feed(model, other, fresh.stream().map(t -> Arrays.copyOf(t, 6)).toList());
      cache.arrange(List.of(new KvCache.Row(other, 1, 6), new KvCache.Row(cache, 1, 11), new KvCache.Row(other, 0, 6)));
      assertThat(cache.length()).isEqualTo(11);
      var now = List.of(fresh.get(1), old.get(1), fresh.get(0));
      assertNext(model, cache, now, 6, 11, 6);
      assertNext(model, cache, now, 7, 12, 7);
      cache.arrange(List.of(new KvCache.Row(cache, 2, 8), new KvCache.Row(cache, 0, 8)));       // the long one leaves
      assertThat(cache.length()).isEqualTo(8);
      assertNext(model, cache, List.of(now.get(2), now.get(0)), 8, 8);
      feed(model, other, fresh.stream().map(t -> Arrays.copyOfRange(t, 6, 14)).toList());
      cache.arrange(List.of(new KvCache.Row(cache, 0, 9), new KvCache.Row(other, 0, 14)));       // a longer one comes
      assertNext(model, cache, List.of(fresh.get(0), fresh.get(0)), 9, 14);
    }
  }

  @ParameterizedTest @ValueSource(ints = {3, 30})
  void tokensAreTakenBack(int window) {
    try (var model = model(window); var _ = TensorScope.open(); var _ = Grad.off(); var cache = model.cache(1, CAPACITY)) {
      long[] text = text(1, 12);
      feed(model, cache, List.of(Arrays.copyOf(text, 9)));
      cache.cut(8);
      assertNext(model, cache, List.of(text), 8);
      if (window > 9) {
        cache.cut(4);
        assertNext(model, cache, List.of(text), 4);
      } else {
        assertThatThrownBy(() -> cache.cut(4)).isInstanceOf(IllegalStateException.class).hasMessageContaining("window of 3 tokens");
      }
      assertThatIllegalArgumentException().isThrownBy(() -> cache.cut(100)).withMessageContaining("0 to ");
      assertThatIllegalArgumentException().isThrownBy(() -> cache.select(1)).withMessageContaining("no row 1");
      assertThatIllegalArgumentException().isThrownBy(() -> cache.arrange(List.of(new KvCache.Row(cache, 0, 20))))
          .withMessageContaining("no 20");
    }
  }

  @Test void rowsEndBeforeTheirNewestTokens() {
    try (var model = model(30); var _ = TensorScope.open(); var _ = Grad.off(); var cache = model.cache(2, CAPACITY);
         var branches = model.cache(1, CAPACITY)) {
      assertThat(cache.keepsAll()).isTrue();
      var texts = List.of(text(1, 12), text(2, 12));
      feed(model, cache, texts.stream().map(t -> Arrays.copyOf(t, 9)).toList());
      branches.arrange(List.of(new KvCache.Row(cache, 0, 4, 4), new KvCache.Row(cache, 1, 9), new KvCache.Row(cache, 1, 7, 7)));
      assertThat(branches.length()).isEqualTo(9);
      assertNext(model, branches, List.of(texts.get(0), texts.get(1), texts.get(1)), 4, 9, 7);
      assertThatIllegalArgumentException().isThrownBy(() -> branches.arrange(List.of(new KvCache.Row(cache, 0, 5, 4))))
          .withMessageContaining("before token 4");
    }
  }

  @Test void aRingHasLetGoOfWhatARowWouldEndWith() {
    try (var model = model(5); var _ = TensorScope.open(); var _ = Grad.off(); var cache = model.cache(1, CAPACITY)) {
      feed(model, cache, List.of(text(1, 9)));
      assertThat(cache.keepsAll()).isFalse();
      assertThatThrownBy(() -> cache.arrange(List.of(new KvCache.Row(cache, 0, 4, 4)))).isInstanceOf(IllegalStateException.class)
          .hasMessageContaining("sliding window");
    }
  }
}
