package org.jtorch.align.policy;

import java.util.List;
import java.util.SequencedMap;
import org.jspecify.annotations.Nullable;
import org.jtorch.align.preference.Reference;
import org.jtorch.align.rollout.Prompt;
import org.jtorch.align.rollout.RewardSum;
import org.jtorch.align.rollout.Rollouts;
import org.jtorch.data.Collator;
import org.jtorch.decoder.CausalLm;
import org.jtorch.loss.TokenLogProbs;
import org.jtorch.tensor.ranks.Ranks;

/// How models that learn no more answer: the figures of a trainer's validation without a trainer, to compare models with.
///
/// ```java
/// var exam = new HeldAnswers(rollouts, reward, collator, 64);
/// double kl = exam.figures(policy, sft, held).get(RolloutFigures.KL);       // nats of an answer from the model before
/// ```
///
/// @param rows answers of a forward
public record HeldAnswers(Rollouts rollouts, RewardSum reward, Collator collator, int rows) {
  public HeldAnswers {
    OnPolicy.require(rollouts, collator);
    if (rows < 1) {
      throw new IllegalArgumentException("`rows` must be >= 1 but was " + rows + "; 64 are usual");
    }
  }

  /// What a policy's answers show, the [RolloutFigures]: the same answers as a trainer's validation would draw.
  ///
  /// @param reference what the KL is measured from; null for no KL
  /// @param held one prompt at least
  public SequencedMap<String, Double> figures(CausalLm policy, @Nullable Reference reference, List<Prompt> held) {
    var how = new TokenLogProbs(0, rollouts.sampling().sampling().temperature());
    var answers = new Collector(policy, reference, null, rollouts, reward, collator, how, rows, true, Ranks.ALONE).held(held);
    return RolloutFigures.of(answers, rollouts.answers(), reward);
  }
}
