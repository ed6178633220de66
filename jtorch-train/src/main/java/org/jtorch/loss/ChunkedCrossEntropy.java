package org.jtorch.loss;

import org.jtorch.decoder.CausalLm;
import org.jtorch.tensor.Device;
import org.jtorch.tensor.GradTape;
import org.jtorch.tensor.Tensor;

/// Next-token cross-entropy, head and loss together: [ChunkedLoss] of [CrossEntropy#PLAIN], for the usual case.
///
/// @param chunkTokens positions of a chunk; 0 chooses by vocabulary
public record ChunkedCrossEntropy(int chunkTokens) {
  /// Targets with this value are not trained on.
  public static final long IGNORE = Tokens.IGNORE;

  public ChunkedCrossEntropy {
    HeadChunks.requireChunk(chunkTokens);
  }

  public ChunkedCrossEntropy() {
    this(0);
  }

  /// What a chunk's logits take at most when its size is chosen automatically.
  public static long chunkBytes(Device device) {
    return HeadChunks.bytes(device);
  }

  /// Backward through head and model; gradients are added to the parameters'.
  ///
  /// @param hidden `[B, T, C]`, the model's output on `tape`
  /// @param targets the token after each position, `B * T` of them
  /// @param scale what every token's loss is multiplied by: 1 / (trained tokens of the global batch)
  /// @return the sum of the negative log-likelihoods, not scaled
  public double backward(CausalLm model, Tensor hidden, long[] targets, double scale, GradTape tape) {
    return loss().backward(model, hidden, Tokens.of(targets).withScale(scale), tape);
  }

  /// The sum of the negative log-likelihoods, for evaluation. hidden `[B, T, C]`
  public double sum(CausalLm model, Tensor hidden, long[] targets) {
    return loss().sum(model, hidden, Tokens.of(targets));
  }

  private ChunkedLoss loss() {
    return new ChunkedLoss(CrossEntropy.PLAIN, chunkTokens);
  }
}
