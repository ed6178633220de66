package org.jtorch.train;

import java.util.List;
import org.jtorch.nn.Parameter;
import org.jtorch.tensor.Grad;
import org.jtorch.tensor.TensorScope;
import org.jtorch.tensor.ranks.Ranks;

/// All ranks begin at the same step with the same weights.
public final class CommonStart {
  private CommonStart() {}

  /// Gives every rank the weights of rank 0.
  ///
  /// @throws IllegalArgumentException on a rank that is at another step than rank 0
  public static void of(Ranks ranks, Progress from, List<Parameter> parameters) {
    long first = (long) ranks.ofFirst(from.step())[0];
    if (first != from.step()) {
      throw new IllegalArgumentException("rank " + ranks.rank() + " starts at step " + from.step() + " but rank 0 at step " + first
          + ": they see different checkpoints; give all of them the same run folder, on a disk that they share");
    }
    try (var _ = TensorScope.open(); var _ = Grad.off()) {
      ranks.broadcast(parameters.stream().map(p -> p.tensor().detach()).toList(), 0);
    }
  }
}
