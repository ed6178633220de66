package org.jtorch.recipes.align;

import java.util.List;
import org.jtorch.align.rollout.Answer;
import org.jtorch.align.rollout.Reward;

/// The truth about answers in the language of letters: no model stands between, so nothing can be exploited.
record GoldReward(GoldWorld world) implements Reward {
  @Override public double[] of(List<Answer> answers) {
    return answers.stream().mapToDouble(a -> world.worth(a.prompt().chat().messages().getLast().text(), a.text())).toArray();
  }
}
