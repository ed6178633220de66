package org.jtorch.align.preference;

import java.util.ArrayList;
import java.util.List;
import org.jtorch.align.Share;
import org.jtorch.data.Collator;
import org.jtorch.decoder.CausalLm;
import org.jtorch.tensor.TensorScope;

/// Log-probabilities under the reference, computed once for all steps: training then needs no second model.
///
/// @param batch pairs of a forward
public record ReferenceScores(Reference reference, Collator collator, int batch) {
  public ReferenceScores {
    if (batch < 1) {
      throw new IllegalArgumentException("`batch` must be >= 1 but was " + batch + "; 8 is usual");
    }
  }

  /// The pairs with what the reference makes of them.
  ///
  /// @param policy asked if the reference is the policy without its adapter, and for the device
  public List<PreferencePair> of(CausalLm policy, List<PreferencePair> pairs) {
    var known = new ArrayList<PreferencePair>(pairs.size());
    for (var part : Share.parts(pairs, batch)) {
      double[] logps = logps(policy, part);
      for (int i = 0; i < part.size(); i++) {
        known.add(new PreferencePair(part.get(i).chosen().withReference(logps[i]),
            part.get(i).rejected().withReference(logps[part.size() + i])));
      }
    }
    return known;
  }

  private double[] logps(CausalLm policy, List<PreferencePair> part) {
    try (var _ = TensorScope.open()) {
      var answers = ScoredAnswers.ofPairs(part, collator, policy);
      return reference.logps(policy, answers, answers.input(policy.device()), 0).toDoubles();
    }
  }
}
