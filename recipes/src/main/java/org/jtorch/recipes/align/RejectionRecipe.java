package org.jtorch.recipes.align;

import java.util.List;
import org.jtorch.recipes.Stage;
import org.jtorch.recipes.config.Default;
import org.jtorch.recipes.config.Doc;
import org.jtorch.recipes.config.Named;
import org.jtorch.recipes.config.Reference;
import org.jtorch.recipes.run.Metrics;

/// A model answers prompts several times, and the best answers are kept to learn from.
@Named("rejection-sampling")
public record RejectionRecipe(
    @Doc("names the run; its folder is runs/<name> unless --out says otherwise") String name,
    @Doc("the model that answers: an earlier stage, or a Hugging Face folder") Reference from,
    @Doc("one number that all draws follow from") @Default("1") long seed,
    @Doc("best, cpu, cuda or cuda:N") @Default("best") String device,
    @Doc("auto (as pretrain), bf16 or f32") @Default("auto") String dtype,
    PromptsConfig prompts,
    @Doc("what an answer is worth: the weighted sum decides which is the best") List<RewardConfig> rewards,
    @Default("{}") DrawConfig draw, @Default("{}") KeepConfig keep, @Default("{}") Metrics metrics) implements Stage {
  public RejectionRecipe {
    rewards = List.copyOf(rewards);
    if (keep.perTopic() > 0 && prompts.topic() == null) {
      throw new IllegalArgumentException("`keep.per_topic` is " + keep.perTopic() + " but `prompts.topic` names no field; e.g. topic: subject");
    }
  }
}
