package org.jtorch.train;

import java.util.List;
import java.util.function.ToDoubleFunction;
import org.jtorch.optim.Optimizer;

/// Gradient accumulation.
public final class MicroBatches {
  private MicroBatches() {}

  /// Runs `backward` over the parts of a batch; between two of them half-precision gradients move into float32 sums.
  ///
  /// @param backward adds a part's gradients to the parameters', scaled for the whole batch
  /// @return the sum of what it returns
  public static <B> double sum(List<B> parts, Optimizer optimizer, ToDoubleFunction<B> backward) {
    double sum = 0;
    for (int i = 0; i < parts.size(); i++) {
      if (i > 0) {
        optimizer.accumulate();
      }
      sum += backward.applyAsDouble(parts.get(i));
    }
    return sum;
  }
}
