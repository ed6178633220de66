package org.jtorch.loss;

/// How far a student's distribution S is from a teacher's T.
public sealed interface Divergence {
  /// `−Σ T log S`, what Gemma 2 minimises (arXiv:2408.00118, section 3): [ForwardKl] and the teacher's entropy. The same gradient.
  record SoftCrossEntropy() implements Divergence {}

  /// `KL(T ‖ S) = Σ T (log T − log S)`: the student covers all that the teacher finds likely.
  record ForwardKl() implements Divergence {}

  /// `KL(S ‖ T)`: the student keeps to what the teacher finds likely.
  record ReverseKl() implements Divergence {}

  /// The generalized Jensen–Shannon divergence `β KL(T ‖ M) + (1 − β) KL(S ‖ M)` with `M = β T + (1 − β) S` (arXiv:2306.13649,
  /// section 3). Divided by β it comes to [ForwardKl] as β goes to 0.
  ///
  /// @param beta β, in `(0, 1)`
  record JensenShannon(double beta) implements Divergence {
    public JensenShannon {
      if (!(beta > 0 && beta < 1)) {
        throw new IllegalArgumentException("`beta` must be in (0, 1) but was " + beta + "; 0.5 is usual");
      }
    }
  }

  /// By GKD's β, whose ends are the two Kullback–Leibler divergences: 0 is the forward, 1 the reverse.
  static Divergence of(double beta) {
    if (!(beta >= 0 && beta <= 1)) {
      throw new IllegalArgumentException("`beta` must be in [0, 1] but was " + beta + "; 0 is the forward divergence, 1 the reverse");
    }
    return beta == 0 ? new ForwardKl() : beta == 1 ? new ReverseKl() : new JensenShannon(beta);
  }
}
