package org.jtorch.recipes.align;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.jtorch.align.sampling.Checker;
import org.jtorch.align.sampling.Criteria;
import org.jtorch.recipes.config.Default;
import org.jtorch.recipes.config.Doc;

/// Which answers are kept.
public record KeepConfig(@Doc("what an answer must come up to before rewards compare it with others") @Default("[]") List<CheckConfig> checkers,
    @Doc("drop answers that do not end by themselves") @Default("true") boolean complete,
    @Doc("share of a prompt's answers that must come to one result, which then is the right one; 0 for none") @Default("0") double agreement,
    @Doc("the least reward of a best answer that is kept; unless given every one is") @Nullable Double threshold,
    @Doc("prompts of a topic (prompts.topic) that are kept, the first ones; 0 for all") @Default("0") int perTopic,
    @Doc("write the best answer beside the worst, too, to learn preferences from") @Default("false") boolean pairs) {
  /// A checker.
  public record CheckConfig(RewardConfig reward, @Doc("the least that it must say") @Default("1") double atLeast) {}

  public KeepConfig {
    checkers = List.copyOf(checkers);
    var _ = criteria(List.of(), complete, agreement, threshold, perTopic);
  }

  List<RewardConfig> rewards() {
    return checkers.stream().map(CheckConfig::reward).toList();
  }

  /// @param opened the checkers' rewards
  Criteria criteria(Rewards opened) {
    var all = new ArrayList<Checker>();
    for (int i = 0; i < checkers.size(); i++) {
      var part = opened.parts().get(i);
      all.add(new Checker(part.name(), part.reward(), checkers.get(i).atLeast()));
    }
    return criteria(all, complete, agreement, threshold, perTopic);
  }

  private static Criteria criteria(List<Checker> checkers, boolean complete, double agreement, @Nullable Double threshold, int perTopic) {
    return new Criteria(checkers, complete, agreement, threshold == null ? Double.NEGATIVE_INFINITY : threshold, perTopic);
  }
}
