package org.jtorch.encoder;

import com.google.errorprone.annotations.MustBeClosed;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.jtorch.attention.AttentionConfig;
import org.jtorch.attention.AttentionState;
import org.jtorch.attention.KvCache;
import org.jtorch.nn.Layer;
import org.jtorch.nn.Layout;
import org.jtorch.nn.Module;
import org.jtorch.nn.Parameter;
import org.jtorch.nn.Pass;
import org.jtorch.tensor.DType;
import org.jtorch.tensor.Device;
import org.jtorch.tensor.Grad;
import org.jtorch.tensor.Ops;
import org.jtorch.tensor.Rng;
import org.jtorch.tensor.Tensor;
import org.jtorch.tensor.TensorScope;

/// A model that reads one sequence whole and writes another token by token (arXiv:1706.03762): an [Encoder], and decoder
/// layers with attention to its output. B batch, S source and T target time, C channels, V vocabulary.
///
/// In every call the [Pass]'s key mask and positions are those of the source; targets are padded on the right, where the
/// causal mask hides the padding, and left out of the loss by the label -100.
public final class EncoderDecoder extends Module {
  /// What [#encode] made of a source.
  ///
  /// @param hidden `[B, S, C]`
  /// @param bias added to the scores of cross-attention, `[B, 1, 1, S]`; null if there is no padding
  public record Source(Tensor hidden, @Nullable Tensor bias) {}

  private final EncoderDecoderConfig config;
  private final Encoder encoder;
  private final List<CrossBlock> blocks = new ArrayList<>();
  private final Layer norm;

  /// Declares a model of this shape; [#initialize] or [#allocate] gives it weights.
  public EncoderDecoder(EncoderDecoderConfig config) {
    this.config = config;
    encoder = child("encoder", new Encoder(config.encoder()));
    for (int i = 0; i < config.layers(); i++) {
      blocks.add(child("decoder.layers." + i, new CrossBlock(config, i)));
    }
    norm = child("decoder.norm", config.norm().build(config.encoder().dim()));
  }

  /// A model with fresh weights.
  @MustBeClosed
  @SuppressWarnings("MustBeClosedChecker")     // ownership passes to the caller
  public static EncoderDecoder create(EncoderDecoderConfig config, Device device, DType dtype, Rng rng) {
    var model = new EncoderDecoder(config);
    model.initialize(device, dtype, rng);
    return model;
  }

  public EncoderDecoderConfig config() {
    return config;
  }

  public DType dtype() {
    return encoder.dtype();
  }

  public Device device() {
    return encoder.device();
  }

  /// The head's matrix, which is the table of embeddings. `[V, C]`
  public Parameter head() {
    return encoder.words().weight();
  }

  /// Reads a source. ids int64 `[B, S]`
  public Source encode(Tensor ids, Pass pass) {
    try (var scope = TensorScope.open()) {
      Tensor hidden = pass.shared(encoder.hidden(ids, pass));                  // every layer adds to the gradient of one leaf
      Tensor mask = pass.keyMask();
      if (mask == null) {
        return new Source(scope.promote(hidden), null);
      }
      Tensor hide = mask.not().view(ids.size(0), 1, 1, ids.size(1));
      Tensor bias = Ops.zeros(dtype(), ids.device(), hide.shape()).maskedFill(hide, AttentionState.masked(dtype()));
      return new Source(scope.promote(hidden), pass.tape() == null ? scope.promote(bias) : pass.tape().scope().adopt(bias));
    }
  }

  /// Scores of the next target token at every position.
  ///
  /// @param source int64 `[B, S]`
  /// @param target int64 `[B, T]`, beginning with the start token
  /// @return `[B, T, V]`
  public Tensor logits(Tensor source, Tensor target, Pass pass) {
    try (var scope = TensorScope.open()) {
      return scope.promote(logits(hidden(target, encode(source, pass), List.of(), pass, null)));
    }
  }

  /// Mean cross-entropy of the target, a float32 scalar.
  ///
  /// @param labels int64 `[B, T]`: the token that follows each one of `target`; -100 is left out
  public Tensor loss(Tensor source, Tensor target, Tensor labels, Pass pass) {
    try (var scope = TensorScope.open()) {
      Tensor flat = logits(source, target, pass).reshape(-1, config.encoder().vocab());
      return scope.promote(Ops.crossEntropy(flat.to(DType.F32), labels.reshape(-1)));
    }
  }

  private Tensor logits(Tensor hidden) {
    return Ops.linear(hidden, head().tensor(), null);
  }

  private Tensor hidden(Tensor ids, Source source, List<CrossAttention.KeyValues> ready, Pass pass, @Nullable KvCache cache) {
    requireLength(ids.size(1) + (cache == null ? 0 : cache.length()));
    var own = pass.withLayout(Layout.PLAIN);
    try (var scope = TensorScope.open()) {
      var home = pass.tape() == null ? scope : pass.tape().scope();
      var shared = own.withShared(new AttentionState(own, home, ids, dtype(), cache));
      Tensor x = shared.shared(encoder.words().apply(ids, shared));                     // [B, T, C]
      for (int i = 0; i < blocks.size(); i++) {
        var block = blocks.get(i);
        var known = ready.isEmpty() ? null : ready.get(i);
        x = shared.block(x, (in, p) -> block.apply(in, source, known, p));
      }
      if (cache != null) {
        cache.advance(ids.size(1));
      }
      return scope.promote(norm.apply(x, shared));
    }
  }

  private void requireLength(long length) {
    if (length > config.maxPositions()) {
      throw new IllegalArgumentException("the target has " + length + " tokens but the decoder allows " + config.maxPositions()
          + " (`maxPositions`); shorten it, or give the decoder more");
    }
  }

  /// Writes the likeliest target, always taking the best next token.
  ///
  /// @param source int64 `[B, S]`
  /// @param start what every target begins with, not part of the result
  /// @param end stops a row, not part of the result
  /// @param maxNew the most tokens to write
  /// @return the tokens of every row
  public List<long[]> greedy(Tensor source, Pass pass, long start, long end, int maxNew) {
    int rows = (int) source.size(0);
    var written = new long[rows][maxNew];
    var lengths = new int[rows];
    var open = new boolean[rows];
    Arrays.fill(open, true);
    List<AttentionConfig> layers = Collections.nCopies(config.layers(), config.self());
    try (var _ = TensorScope.open(); var _ = Grad.off(); var cache = KvCache.allocate(layers, rows, maxNew, dtype(), device())) {
      var read = encode(source, pass.withTape(null));
      var ready = blocks.stream().map(b -> b.read(read, pass.withTape(null))).toList();
      var next = new long[rows];
      Arrays.fill(next, start);
      for (int t = 0; t < maxNew && anyOf(open); t++) {
        next = next(next, read, ready, pass.withTape(null), cache);
        for (int r = 0; r < rows; r++) {
          open[r] &= next[r] != end;
          if (open[r]) {
            written[r][lengths[r]++] = next[r];
          }
        }
      }
    }
    var result = new ArrayList<long[]>();
    for (int r = 0; r < rows; r++) {
      result.add(Arrays.copyOf(written[r], lengths[r]));
    }
    return result;
  }

  private long[] next(long[] last, Source source, List<CrossAttention.KeyValues> ready, Pass pass, KvCache cache) {
    try (var _ = TensorScope.open()) {
      Tensor hidden = hidden(Ops.of(last, device(), last.length, 1), source, ready, pass, cache);
      return logits(hidden.select(1, 0)).argMax(-1).toLongs();
    }
  }

  private static boolean anyOf(boolean[] open) {
    for (boolean o : open) {
      if (o) {
        return true;
      }
    }
    return false;
  }
}
