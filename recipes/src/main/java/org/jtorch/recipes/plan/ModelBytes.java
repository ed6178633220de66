package org.jtorch.recipes.plan;

import org.jtorch.tensor.DType;

/// Memory that a model in training holds whatever its batches are, in bytes.
///
/// @param masters float32 weights of a half-precision model
/// @param moments both of AdamW's, in float32
/// @param gradients as backward leaves them, and their float32 sums where half-precision ones are accumulated
public record ModelBytes(long weights, long masters, long moments, long gradients) {
  /// @param parameters how many
  public static ModelBytes of(long parameters, DType dtype, int accumulate) {
    boolean half = dtype.isHalf();
    long sums = half && accumulate > 1 ? 4 : 0;
    return new ModelBytes(parameters * dtype.bytes(), half ? parameters * 4 : 0, parameters * 8, parameters * (dtype.bytes() + sums));
  }

  public long total() {
    return weights + masters + moments + gradients;
  }
}
