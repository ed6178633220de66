package org.jtorch.loss;

import org.jtorch.decoder.CausalLm;
import org.jtorch.tensor.Device;
import org.jtorch.tensor.Ops;
import org.jtorch.tensor.Tensor;
import org.jtorch.tensor.TensorScope;

/// Walks the trained positions of a batch through a model's head, a chunk at a time: the logits of a batch are never all in
/// memory, which a vocabulary of 150,000 would not forgive.
///
/// Positions without a target are dropped before the first product. Chunks have few different sizes, so that a run meets few
/// different products: the last one is filled up with positions of weight 0.
final class HeadChunks {
  /// What a chunk's logits take at most when its size is chosen automatically: more on CUDA, where the head's gradient is a
  /// pass over the main memory for each chunk.
  private static final long CPU_BYTES = 128L << 20;
  private static final long CUDA_BYTES = 512L << 20;
  private static final int STEP = 64;

  private final CausalLm model;
  private final Tensor flat;
  private final Tokens tokens;
  private final int[] rows;
  private final boolean all;
  private final int size;

  /// What is done with a chunk.
  interface Body {
    /// @param h hidden states, `[n, C]`
    /// @param from where the chunk begins among the trained positions
    /// @param count how many of the chunk's positions are real; the others fill it up
    void run(Tensor h, TokenLoss.Chunk chunk, int from, int count);
  }

  HeadChunks(CausalLm model, Tensor flat, Tokens tokens, int chunkTokens) {
    this(model, flat, tokens, chunkTokens, 1);
  }

  /// @param flat `[N, C]`
  /// @param chunkTokens positions of a chunk; 0 chooses by vocabulary
  /// @param logitsAtOnce see [TokenLoss#logitsAtOnce]
  HeadChunks(CausalLm model, Tensor flat, Tokens tokens, int chunkTokens, int logitsAtOnce) {
    this.model = model;
    this.flat = flat;
    this.tokens = tokens;
    this.rows = tokens.rows();
    this.all = rows.length == tokens.targets().length;
    this.size = chunkTokens > 0 ? chunkTokens
        : (int) Math.clamp(bytes(flat.device()) / ((long) logitsAtOnce * model.vocabSize() * model.dtype().bytes()) / STEP * STEP, STEP, 1 << 20);
  }

  static long bytes(Device device) {
    return device.isCuda() ? CUDA_BYTES : CPU_BYTES;
  }

  static void requireChunk(int chunkTokens) {
    if (chunkTokens < 0) {
      throw new IllegalArgumentException("`chunk_tokens` must be >= 0 but was " + chunkTokens + "; 0 chooses by vocabulary");
    }
  }

  void forEach(Body body) {
    for (int from = 0; from < rows.length; from += size) {
      int count = Math.min(size, rows.length - from);
      try (var _ = TensorScope.open()) {
        one(from, count, body);
      }
    }
  }

  private void one(int from, int count, Body body) {
    int n = all ? count : Math.min(size, (count + STEP - 1) / STEP * STEP);
    var targets = new long[n];
    var weights = new float[n];
    var index = new long[n];
    for (int i = 0; i < count; i++) {
      int row = rows[from + i];
      targets[i] = tokens.targets()[row];
      weights[i] = tokens.weight(row);
      index[i] = row;
    }
    Tensor places = Tokens.longs(index, flat.device());
    Tensor h = all ? flat.narrow(0, from, n) : flat.indexSelect(0, places);
    var chunk = new TokenLoss.Chunk(model.logits(h), Tokens.longs(targets, flat.device()), Tokens.floats(weights, flat.device()), places,
        model.logitCap().cap());
    body.run(h, chunk, from, count);
  }

  /// From the gradient D of a chunk's logits: `dW += Dᵀ h`, and `D W`, the gradient of h, into its places of `dflat`.
  ///
  /// @param dflat `[N, C]`, zero before
  void backward(Tensor h, TokenLoss.Chunk chunk, int from, Tensor dflat) {
    Tensor d = chunk.logits();
    var head = model.head();
    if (all) {
      Ops.matmulInto(dflat.narrow(0, from, h.size(0)), d, head.tensor().detach());
    } else {
      dflat.indexAddInPlace(0, chunk.rows(), d.matmul(head.tensor().detach()));
    }
    if (head.tensor().requiresGrad()) {                                                  // not if frozen, under an adapter
      head.addProduct(d.t(), h);
    }
  }
}
