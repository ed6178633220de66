package org.jtorch.recipes.align;

import java.util.List;
import org.jtorch.align.rollout.Answer;
import org.jtorch.align.rollout.Reward;

/// A reward of the user's: how often the letter a stands in an answer.
public final class LettersA implements Reward {
  @Override public double[] of(List<Answer> answers) {
    return answers.stream().mapToDouble(a -> a.text().chars().filter(c -> c == 'a').count()).toArray();
  }
}
