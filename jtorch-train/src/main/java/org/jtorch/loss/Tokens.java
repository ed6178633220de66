package org.jtorch.loss;

import java.util.Arrays;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.jtorch.tensor.DType;
import org.jtorch.tensor.Device;
import org.jtorch.tensor.Ops;
import org.jtorch.tensor.Tensor;

/// The tokens that a loss is about: what follows each position of a batch, and what it counts.
///
/// @param targets the token after each position, row after row; [#IGNORE] where nothing is trained
/// @param weights what each position's loss is multiplied by; null for 1 everywhere
/// @param scale of all weights: 1 / (trained tokens of the global batch) for a mean
public record Tokens(long[] targets, float @Nullable [] weights, double scale) {
  /// Targets with this value are not trained on.
  public static final long IGNORE = -100;

  public Tokens {
    if (weights != null && weights.length != targets.length) {
      throw new IllegalArgumentException("there are " + targets.length + " targets but " + weights.length + " weights; give each position one");
    }
  }

  /// All of one weight, not scaled.
  public static Tokens of(long[] targets) {
    return new Tokens(targets, null, 1);
  }

  public Tokens withScale(double s) {
    return new Tokens(targets, weights, s);
  }

  /// How many positions have a target.
  public int trained() {
    return (int) Arrays.stream(targets).filter(t -> t != IGNORE).count();
  }

  /// Positions that have a target and a weight.
  int[] rows() {
    return IntStream.range(0, targets.length).filter(i -> targets[i] != IGNORE && (weights == null || weights[i] != 0)).toArray();
  }

  float weight(int row) {
    return (float) (weights == null ? scale : weights[row] * scale);
  }

  /// Values as a float32 vector on a device. `[n]`
  static Tensor floats(float[] values, Device device) {
    return device.isCuda() ? Tensor.of(values).pinned().toWithoutWaiting(device) : Tensor.of(values);
  }

  static Tensor longs(long[] values, Device device) {
    return Ops.of(values, device, values.length);
  }

  static DType sums(DType type) {
    return type == DType.F64 ? DType.F64 : DType.F32;
  }
}
