package org.jtorch.train;

import java.util.ArrayList;
import org.jtorch.optim.Optimizer;
import org.jtorch.tensor.Grad;
import org.jtorch.tensor.TensorScope;
import org.jtorch.tensor.ranks.Ranks;

/// All ranks begin at the same step with the same weights and the same optimizer state.
public final class CommonStart {
  private CommonStart() {}

  /// Gives every rank what the optimizer of rank 0 changes and remembers: weights, masters, moments.
  ///
  /// @throws IllegalArgumentException on a rank that is at another step than rank 0
  public static void of(Ranks ranks, Progress from, Optimizer optimizer) {
    long first = (long) ranks.ofFirst(from.step())[0];
    if (first != from.step()) {
      throw new IllegalArgumentException("rank " + ranks.rank() + " starts at step " + from.step() + " but rank 0 at step " + first
          + ": they see different checkpoints; give all of them the same run folder, on a disk that they share");
    }
    try (var _ = TensorScope.open(); var _ = Grad.off()) {
      var tensors = new ArrayList<>(optimizer.state().values());
      optimizer.parameters().forEach(p -> tensors.add(p.tensor().detach()));
      ranks.broadcast(tensors, 0);
    }
  }
}
