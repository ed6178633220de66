package org.jtorch.optim;

import java.util.ArrayList;
import java.util.List;
import org.jtorch.tensor.Grad;
import org.jtorch.tensor.Tensor;
import org.jtorch.tensor.TensorScope;
import org.jtorch.tensor.ranks.Ranks;

/// The gradients of all slots, summed over the ranks.
final class RankSum {
  private RankSum() {}

  /// Agrees first on which parameters have a gradient anywhere: an expert may have had tokens on one rank only.
  static void of(List<Slot> slots, Ranks ranks) {
    if (ranks.size() == 1) {
      return;
    }
    try (var _ = TensorScope.open(); var _ = Grad.off()) {
      double[] present = ranks.max(slots.stream().mapToDouble(s -> s.hasGradient() ? 1 : 0).toArray());
      var gradients = new ArrayList<Tensor>();
      for (int i = 0; i < present.length; i++) {
        if (present[i] > 0) {
          gradients.add(slots.get(i).changeable());
        }
      }
      ranks.sum(gradients);
    }
  }
}
