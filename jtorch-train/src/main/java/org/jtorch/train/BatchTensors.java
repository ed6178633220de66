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
///
/// @param trunks the segments that a token's goes on from, int64 `[B, T]`; null unless answers share their prompts
public record BatchTensors(Tensor tokens, @Nullable Tensor segments, @Nullable Tensor positions, @Nullable Tensor trunks) {
  private static final long NONE = -2;                                                   // no segment's number: -1 is padding's

  public BatchTensors(Tensor tokens, @Nullable Tensor segments, @Nullable Tensor positions) {
    this(tokens, segments, positions, null);
  }

  public static BatchTensors of(Batch batch, Device device) {
    long[] shape = {batch.rows(), batch.seqLen()};
    Tensor tokens = Ops.of(batch.tokens(), device, shape);
    return batch.segmented()
        ? new BatchTensors(tokens, longs(batch.segmentIds(), device, shape), longs(batch.positions(), device, shape))
        : new BatchTensors(tokens, null, null);
  }

  /// A batch whose segments go on from one another.
  ///
  /// @param trunks for each token the segment that its own goes on from, -1 for none
  public static BatchTensors of(Batch batch, int[] trunks, Device device) {
    long[] shape = {batch.rows(), batch.seqLen()};
    long[] none = Arrays.stream(trunks).mapToLong(t -> t < 0 ? NONE : t).toArray();
    return new BatchTensors(Ops.of(batch.tokens(), device, shape), longs(batch.segmentIds(), device, shape),
        longs(batch.positions(), device, shape), Ops.of(none, device, shape));
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
    return pass.withSegments(segments).withPositions(positions).withTrunks(trunks);
  }
}
