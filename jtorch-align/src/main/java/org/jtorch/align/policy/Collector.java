package org.jtorch.align.policy;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.jtorch.align.Share;
import org.jtorch.align.preference.Reference;
import org.jtorch.align.rollout.Answer;
import org.jtorch.align.rollout.Prompt;
import org.jtorch.align.rollout.RewardSum;
import org.jtorch.align.rollout.Rollouts;
import org.jtorch.data.Collator;
import org.jtorch.decoder.CausalLm;
import org.jtorch.loss.TokenLogProbs;
import org.jtorch.nn.Pass;
import org.jtorch.tensor.Grad;
import org.jtorch.tensor.Tensor;
import org.jtorch.tensor.TensorScope;
import org.jtorch.tensor.ranks.Ranks;

/// The first half of a step of policy optimisation: the policy answers, the answers are judged, and log-probabilities are taken under the
/// policy as the trainer computes them, under the reference, and the critic's values. Each process does so for its own prompts; then all
/// know all answers, so that what follows does not depend on how many there are.
///
/// @param reference null if nothing measures from one
/// @param critic null if there is none
/// @param how at the temperature of the rollouts
/// @param rows answers of a forward
/// @param again whether log-probabilities under the policy are computed again as the trainer does; else they are the sampler's
record Collector(CausalLm policy, @Nullable Reference reference, @Nullable Critic critic, Rollouts rollouts, RewardSum reward, Collator collator,
    TokenLogProbs how, int rows, boolean again, Ranks ranks) {
  /// Numbers of answers that no step reaches: those to held-out prompts.
  private static final long HELD_OUT = 1L << 40;

  /// Answers to held-out prompts, the same at every step but for the policy. Every process answers all of them.
  List<Experience> held(List<Prompt> prompts) {
    return judged(rollouts.sample(policy, prompts, HELD_OUT));
  }

  /// The answers to a step's prompts, K in a row for each.
  ///
  /// @param step counted from 0
  List<Experience> at(long step, List<Prompt> prompts) {
    int k = rollouts.answers();
    int before = (int) ((long) prompts.size() * ranks.rank() / ranks.size());
    long first = (step * prompts.size() + before) * k;
    var answers = rollouts.sample(policy, Share.of(prompts, ranks), first);
    var mine = judged(answers);
    return ranks.size() == 1 ? mine : new Exchange(rollouts, reward.parts().size(), reference != null, critic != null, ranks)
        .all(prompts, mine);
  }

  private List<Experience> judged(List<Answer> answers) {
    if (answers.isEmpty()) {
      return List.of();
    }
    var each = reward.each(answers);
    double[] total = reward.total(each);
    var found = new ArrayList<Experience>(answers.size());
    for (var part : Share.parts(answers, rows)) {
      var known = known(part);
      for (int i = 0; i < part.size(); i++) {
        int at = found.size();
        double[] parts = each.values().stream().mapToDouble(values -> values[at]).toArray();
        found.add(new Experience(part.get(i), parts, total[at], known.old.get(i), known.reference.get(i), known.values.get(i)));
      }
    }
    return found;
  }

  /// What the models make of some answers.
  private record Known(List<float[]> old, List<float[]> reference, List<float[]> values) {}

  private Known known(List<Answer> answers) {
    try (var _ = TensorScope.open(); var _ = Grad.off()) {
      var layout = AnswerLayout.of(answers, collator, critic == null ? policy.branches() : critic.branches(policy));
      var input = layout.input(policy.device());
      var none = answers.stream().map(_ -> new float[0]).toList();
      var old = answers.stream().map(answer -> answer.generation().drawnLogProbs()).toList();
      var values = none;
      if (again || critic != null) {
        Tensor hidden = policy.hidden(input.tokens(), input.on(Pass.EMPTY), null);
        old = layout.gather(how.of(policy, hidden, layout.rows().targets(), null));
        values = critic == null ? none : layout.gather(critic.values(input, Pass.EMPTY, hidden));
      }
      var kept = reference == null ? none : layout.gather(reference.tokenLogps(policy, layout.rows(), input, how));
      return new Known(old, kept, values);
    }
  }
}
