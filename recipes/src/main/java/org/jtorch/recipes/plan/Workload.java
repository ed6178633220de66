package org.jtorch.recipes.plan;

import org.jtorch.decoder.DecoderConfig;
import org.jtorch.tensor.DType;
import org.jtorch.tensor.Device;

/// What a training step works on.
///
/// @param rows of a micro-batch
/// @param accumulate micro-batches a step
/// @param checkpoint whether blocks run again in backward instead of keeping their activations
/// @param chunkTokens of the loss; 0 chooses by vocabulary
/// @param packed whether a row holds several documents
public record Workload(DecoderConfig shape, Device device, DType dtype, int rows, int seqLen, int accumulate, boolean checkpoint,
    int chunkTokens, boolean packed) {
  /// Of a micro-batch.
  public long tokens() {
    return (long) rows * seqLen;
  }

  Workload withShape(DecoderConfig other) {
    return new Workload(other, device, dtype, rows, seqLen, accumulate, checkpoint, chunkTokens, packed);
  }

  Workload withRows(int n) {
    return new Workload(shape, device, dtype, n, seqLen, accumulate, checkpoint, chunkTokens, packed);
  }

  /// Operations of a micro-batch's forward and backward: 6 per token and parameter that is in a product, and those of
  /// attention's scores, `12 · T · heads · head size` a token and layer, half of which a causal mask saves.
  double flops() {
    var a = shape.attention();
    double products = shape.activeParameterCount() - (shape.tied() ? 0 : (double) shape.vocab() * shape.dim());
    return tokens() * (6 * products + 6.0 * seqLen * a.heads() * a.headDim() * shape.layers());
  }

  /// Operations of a micro-batch's forward alone: a third.
  public double forwardFlops() {
    return flops() / 3;
  }
}
