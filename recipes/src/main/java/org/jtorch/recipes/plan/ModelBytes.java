package org.jtorch.recipes.plan;

import org.jtorch.decoder.Decoder;
import org.jtorch.decoder.DecoderConfig;
import org.jtorch.tensor.DType;

/// Memory that a model in training holds whatever its batches are, in bytes.
///
/// @param weights in the model's type, those of norms always in float32
/// @param masters float32 copies of half-precision weights
/// @param moments both of AdamW's, in float32
/// @param gradients as backward leaves them (the embedding's and the head's in float32), and float32 sums of half-precision ones
///        where several micro-batches make a step
public record ModelBytes(long weights, long masters, long moments, long gradients) {
  private static final int FLOAT = 4;

  /// Counts a model's parameters without allocating any.
  public static ModelBytes of(DecoderConfig shape, DType dtype, int accumulate) {
    long all = 0;
    long precise = 0;
    try (var model = new Decoder(shape)) {
      for (var p : model.parameters()) {
        all += p.numel();
        precise += p.typeIn(dtype) == DType.F32 ? p.numel() : 0;
      }
    }
    long half = all - precise;
    long rows = dtype.isHalf() ? (long) shape.vocab() * shape.dim() * (shape.tied() ? 1 : 2) : 0;
    long gradients = (half - rows) * dtype.bytes() + (precise + rows) * FLOAT;
    return new ModelBytes(half * dtype.bytes() + precise * FLOAT, dtype.isHalf() ? half * FLOAT : 0, all * 2 * FLOAT,
        gradients + (accumulate > 1 && dtype.isHalf() ? half * FLOAT : 0));
  }

  /// About what each parameter of a large model takes.
  static long each(DType dtype, int accumulate) {
    int masters = dtype.isHalf() ? FLOAT * Math.min(2, accumulate) : 0;              // and sums of gradients
    return 2L * dtype.bytes() + masters + 2 * FLOAT;
  }

  public long total() {
    return weights + masters + moments + gradients;
  }
}
