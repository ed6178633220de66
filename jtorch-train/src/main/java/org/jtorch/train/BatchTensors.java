package org.jtorch.train;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;
import org.jtorch.data.Batch;
import org.jtorch.nn.Pass;
import org.jtorch.tensor.Device;
import org.jtorch.tensor.Ops;
import org.jtorch.tensor.Tensor;

/// A batch on the device. tokens, segments, positions: int64 `[B, T]`; the latter two only where rows hold several
/// documents.
public record BatchTensors(Tensor tokens, @Nullable Tensor segments, @Nullable Tensor positions) {
  public static BatchTensors of(Batch batch, Device device) {
    long[] shape = {batch.rows(), batch.seqLen()};
    Tensor tokens = Ops.of(batch.tokens(), device, shape);
    return batch.segmented()
        ? new BatchTensors(tokens, longs(batch.segmentIds(), device, shape), longs(batch.positions(), device, shape))
        : new BatchTensors(tokens, null, null);
  }

  private static Tensor longs(int[] values, Device device, long[] shape) {
    return Ops.of(Arrays.stream(values).asLongStream().toArray(), device, shape);
  }

  /// False for padding, or null if there is none to tell apart. bool `[B, T]`
  public @Nullable Tensor real() {
    return segments == null ? null : segments.ge(0);
  }

  /// `pass` with this batch's documents kept apart.
  public Pass on(Pass pass) {
    return pass.withSegments(segments).withPositions(positions);
  }
}
