package org.jtorch.eval.needle;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jtorch.eval.Continuation;
import org.jtorch.eval.EvalProgress;
import org.jtorch.eval.Likelihood;
import org.jtorch.eval.Scorer;
import org.jtorch.eval.Writing;

/// Goes on as the prompt itself went on behind the same last tokens: what a model with an induction head does.
final class CopyOracle implements Scorer {
  private static final int KEY = 3;

  @Override public List<Likelihood> likelihoods(List<Continuation> asked, EvalProgress progress) {
    var found = new ArrayList<Likelihood>();
    for (var c : asked) {
      boolean copied = Arrays.equals(copy(c.context(), c.tokens().length), c.tokens());
      found.add(new Likelihood(copied ? -0.1 : -9, copied, c.tokens().length));
    }
    return found;
  }

  @Override public List<long[]> write(List<long[]> prompts, Writing how, EvalProgress progress) {
    return prompts.stream().map(p -> copy(p, how.maxTokens())).toList();
  }

  private static long[] copy(long[] prompt, int n) {
    int end = prompt.length;
    for (int at = end - KEY - 1; at >= 0; at--) {
      if (Arrays.equals(prompt, at, at + KEY, prompt, end - KEY, end)) {
        return Arrays.copyOfRange(prompt, at + KEY, Math.min(end, at + KEY + n));
      }
    }
    return new long[0];
  }

  @Override public int maxTokens() {
    return 1_000;
  }
}
