package org.jtorch.align.policy;

/// One for the prompt's best answer, the first of equals, and zero for the others: RAFT (arXiv:2304.06767), which imitates the best.
public record BestOf() implements Advantage {
  @Override public double[] of(double[] rewards, int k) {
    double[] chosen = new double[rewards.length];
    for (int from = 0; from < rewards.length; from += k) {
      int best = -1;
      for (int i = from; i < from + k; i++) {
        if (!Double.isNaN(rewards[i]) && (best < 0 || rewards[i] > rewards[best])) {
          best = i;
        }
      }
      if (best >= 0) {
        chosen[best] = 1;
      }
    }
    return chosen;
  }

  @Override public int least() {
    return 2;
  }
}
