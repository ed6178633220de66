package org.jtorch.recipes.align;

import java.util.List;
import org.jtorch.recipes.config.Default;
import org.jtorch.recipes.config.Doc;
import org.jtorch.recipes.config.Named;
import org.jtorch.recipes.config.Reference;
import org.jtorch.recipes.run.Metrics;

/// Several models answer each prompt, and the one answer that is worth most is kept to learn from: AFM's teaching committee (iTeC,
/// arXiv:2407.21075, section 4.2.1).
@Named("committee")
public record CommitteeRecipe(
    @Doc("names the run; its folder is runs/<name> unless --out says otherwise") String name,
    @Doc("the models that answer: earlier stages, choices among them, or Hugging Face folders; of equal answers the first one's is kept")
    List<Reference> members,
    @Doc("one number that all draws follow from") @Default("1") long seed,
    @Doc("best, cpu, cuda or cuda:N") @Default("best") String device,
    @Doc("auto (as pretrain), bf16 or f32") @Default("auto") String dtype,
    PromptsConfig prompts,
    @Doc("what an answer is worth: the weighted sum decides which is the best") List<RewardConfig> rewards,
    @Doc("how each member answers") @Default("{answers: 4}") DrawConfig draw, @Default("{}") KeepConfig keep,
    @Default("{}") Metrics metrics) implements MembersRecipe {
  public CommitteeRecipe {
    members = List.copyOf(members);
    rewards = List.copyOf(rewards);
    MembersRecipe.requireModels("members", members);
    MembersRecipe.requireAlone(keep);
  }

  @Override public String key() {
    return "members";
  }

  @Override public List<Reference> models() {
    return members;
  }

  @Override public double answersToAPrompt(int count) {
    return (double) count * draw.answers() * draw.systems().size();
  }
}
