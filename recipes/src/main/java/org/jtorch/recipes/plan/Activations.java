package org.jtorch.recipes.plan;

import org.jtorch.ffn.FeedForwardConfig;
import org.jtorch.loss.ChunkedCrossEntropy;

/// What a micro-batch keeps in memory, counted from the shapes where it cannot be measured.
final class Activations {
  private Activations() {}

  /// What forward leaves for backward: inputs and products of attention and feed-forward, and the scores; under
  /// checkpointing each block's input.
  static long kept(Workload w) {
    var shape = w.shape();
    var a = shape.attention();
    long width = (a.heads() * 3L + 4L * a.kvHeads()) * a.headDim();
    long ffn = switch (shape.blocks().getFirst().feedForward()) {
      case FeedForwardConfig.Gated g -> 3L * g.hidden();
      case FeedForwardConfig.Plain p -> 2L * p.hidden();
      case FeedForwardConfig.Experts e -> 3L * ((long) e.active() * e.hidden() + e.shared());
    };
    long scores = (long) a.heads() * w.seqLen() * 5 / 8;
    long perToken = w.checkpoint() ? shape.dim() : 6L * shape.dim() + width + ffn + scores;
    return perToken * w.tokens() * w.dtype().bytes() * shape.layers();
  }

  /// A chunk's logits, and once more as float32 or as their gradient.
  static long loss(Workload w) {
    long logits = w.tokens() * w.shape().vocab() * w.dtype().bytes();
    long chunk = w.chunkTokens() > 0 ? (long) w.chunkTokens() * w.shape().vocab() * w.dtype().bytes() : ChunkedCrossEntropy.chunkBytes(w.device());
    return 2 * Math.min(chunk, logits);
  }
}
