package org.jtorch.encoder;

import com.google.errorprone.annotations.MustBeClosed;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.jtorch.attention.AttentionState;
import org.jtorch.decoder.Decoder;
import org.jtorch.nn.Embedding;
import org.jtorch.nn.Layer;
import org.jtorch.nn.LayerNorm;
import org.jtorch.nn.Module;
import org.jtorch.nn.Pass;
import org.jtorch.tensor.DType;
import org.jtorch.tensor.Device;
import org.jtorch.tensor.Ops;
import org.jtorch.tensor.Rng;
import org.jtorch.tensor.Tensor;
import org.jtorch.tensor.TensorScope;

/// A transformer in which every token sees the whole sequence, in RoBERTa's shape (arXiv:1907.11692): learned positions,
/// token types, a norm after each part. Padding is what the [Pass]'s key mask says. Dropout is not applied.
///
/// ```java
/// try (var model = Encoder.create(Roberta.TINY, Device.best(), DType.F32, Rng.of(0));
///      var _ = TensorScope.open(); var _ = Grad.off()) {
///   var hidden = model.hidden(Tensor.of(0, 31, 7, 2).view(1, 4), Pass.EMPTY);                       // [1, 4, C]
/// }
/// ```
public final class Encoder extends Module {
  private final EncoderConfig config;
  private final Embedding words;
  private final Embedding places;
  private final Embedding kinds;
  private final Layer norm;
  private final List<EncoderBlock> blocks = new ArrayList<>();

  /// Declares an encoder of this shape; [#initialize] or [#allocate] gives it weights.
  public Encoder(EncoderConfig config) {
    this.config = config;
    words = child("embeddings.word_embeddings", new Embedding(config.vocab(), config.dim(), config.init()));
    places = child("embeddings.position_embeddings", new Embedding(config.positions(), config.dim(), config.init()));
    kinds = child("embeddings.token_type_embeddings", new Embedding(config.types(), config.dim(), config.init()));
    norm = child("embeddings.LayerNorm", new LayerNorm(config.dim(), config.normEps()));
    for (int i = 0; i < config.layers(); i++) {
      blocks.add(child("encoder.layer." + i, new EncoderBlock(config, i)));
    }
  }

  /// An encoder with fresh weights.
  @MustBeClosed
  @SuppressWarnings("MustBeClosedChecker")     // ownership passes to the caller
  public static Encoder create(EncoderConfig config, Device device, DType dtype, Rng rng) {
    var model = new Encoder(config);
    model.initialize(device, dtype, rng);
    return model;
  }

  public EncoderConfig config() {
    return config;
  }

  public DType dtype() {
    return words.weight().tensor().dtype();
  }

  public Device device() {
    return words.weight().tensor().device();
  }

  /// The table of word embeddings, which an encoder-decoder shares with its decoder.
  Embedding words() {
    return words;
  }

  /// The hidden states after the last layer, all tokens of type 0. ids int64 `[B, T]`; result `[B, T, C]`
  public Tensor hidden(Tensor ids, Pass pass) {
    return hidden(ids, null, pass, (_, _) -> {});
  }

  /// [#hidden] with token types and a look at every layer's output: index 0 is the normed embedding.
  ///
  /// @param ids int64 `[B, T]`
  /// @param types int64 `[B, T]`, or null for type 0 everywhere
  /// @param pass its positions are rows of the position table; null derives them from its key mask, see [#positions]
  /// @return `[B, T, C]`
  public Tensor hidden(Tensor ids, @Nullable Tensor types, Pass pass, Decoder.Probe probe) {
    requireLength(ids.size(1));
    try (var scope = TensorScope.open()) {
      var home = pass.tape() == null ? scope : pass.tape().scope();
      var shared = pass.withShared(new AttentionState(pass, home, ids, dtype(), null));
      Tensor x = embed(ids, types, shared);                                             // [B, T, C]
      for (int i = 0; i < blocks.size(); i++) {
        probe.at(i, x);
        x = shared.block(x, blocks.get(i)::apply);
      }
      probe.at(blocks.size(), x);
      return scope.promote(x);
    }
  }

  private Tensor embed(Tensor ids, @Nullable Tensor types, Pass pass) {
    Tensor given = pass.positions();
    Tensor at = given == null ? positions(ids, pass.keyMask()) : inTable(given);
    Tensor kind = types == null ? Ops.zeros(DType.I64, ids.device(), 1, 1) : types;
    return norm.apply(words.apply(ids, pass).add(kinds.apply(kind, pass)).add(places.apply(at, pass)), pass);
  }

  /// RoBERTa's rule: real tokens count from `padToken + 1`, padding stays at `padToken`.
  ///
  /// @param ids int64 `[B, T]`
  /// @param mask bool `[B, T]`, true for real tokens; without it every token but `padToken` is real
  /// @return int64 `[B, T]`
  public Tensor positions(Tensor ids, @Nullable Tensor mask) {
    Tensor real = (mask == null ? ids.eq(config.padToken()).not() : mask).to(DType.I64);
    return real.cumsum(1).mul(real).add(config.padToken());
  }

  private void requireLength(long length) {
    if (length > config.maxPositions()) {
      throw new IllegalArgumentException("the sequence has " + length + " tokens but the encoder allows " + config.maxPositions()
          + " (`max_position_embeddings` " + config.positions() + " less " + (config.padToken() + 1)
          + " rows for padding); shorten it, or train a larger position table");
    }
  }

  private Tensor inTable(Tensor positions) {
    long last = positions.max().itemLong();
    if (last >= config.positions()) {
      throw new IllegalArgumentException("position " + last + " is not in the encoder's table, which has " + config.positions()
          + " rows (`max_position_embeddings`); give positions below that");
    }
    return positions;
  }
}
