package org.jtorch.adapter;

import java.util.List;
import java.util.Locale;

/// What merging changed.
///
/// @param logitChange the largest difference of any logit on the given tokens, before and after
/// @param logitSize the largest logit, to compare with
/// @param weights every merged weight
public record MergeReport(double logitChange, double logitSize, List<Changed> weights) {
  /// A merged weight.
  ///
  /// @param name as in the checkpoint
  /// @param change the largest change of an element
  /// @param rounding the largest part of an element that the weight's type could not hold
  public record Changed(String name, double change, double rounding) {}

  public MergeReport {
    weights = List.copyOf(weights);
  }

  /// The largest of all roundings.
  public double rounding() {
    return weights.stream().mapToDouble(Changed::rounding).max().orElse(0);
  }

  @Override public String toString() {
    return String.format(Locale.ROOT, "merged %d weights: logits changed by at most %.2e (the largest is %.2f), rounding at most %.2e",
        weights.size(), logitChange, logitSize, rounding());
  }
}
