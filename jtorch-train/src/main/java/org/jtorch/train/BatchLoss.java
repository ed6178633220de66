package org.jtorch.train;

import org.jtorch.data.Batch;
import org.jtorch.loss.CrossEntropy;
import org.jtorch.loss.TokenLoss;

/// What a trainer minimises: for each micro-batch a loss of its tokens. Most losses are the same for all; one with a teacher looks at
/// the rows first.
///
/// ```java
/// BatchLoss smooth = BatchLoss.always(new CrossEntropy(0.1, 0));
/// BatchLoss taught = Teaching.beside(teacher, t -> new Distillation(t, new Divergence.ForwardKl()));
/// ```
@FunctionalInterface
public interface BatchLoss {
  /// The next token's cross-entropy.
  BatchLoss NEXT_TOKEN = always(CrossEntropy.PLAIN);

  /// The loss of the tokens of a micro-batch. Asked before the model runs; tensors that it makes live until the micro-batch is done.
  ///
  /// @param input the micro-batch on the device
  TokenLoss of(Batch micro, BatchTensors input);

  /// The same loss for every micro-batch.
  static BatchLoss always(TokenLoss loss) {
    return (_, _) -> loss;
  }
}
