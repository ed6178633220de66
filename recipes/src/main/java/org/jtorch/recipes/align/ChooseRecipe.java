package org.jtorch.recipes.align;

import java.util.List;
import org.jtorch.align.committee.Candidates;
import org.jtorch.recipes.config.Default;
import org.jtorch.recipes.config.Doc;
import org.jtorch.recipes.config.Named;
import org.jtorch.recipes.config.Reference;
import org.jtorch.recipes.run.Metrics;

/// The best of several models by what they say to held-out prompts: who is on the committee (iTeC, arXiv:2407.21075, section 4.2.1), or which of
/// several runs goes on.
@Named("choose")
public record ChooseRecipe(
    @Doc("names the run; its folder is runs/<name> unless --out says otherwise") String name,
    @Doc("the models: earlier stages, earlier choices, or Hugging Face folders") List<Reference> candidates,
    @Doc("how many are chosen; where a later stage needs one model it takes the best") @Default("1") int best,
    @Doc("mean (of all answers) or best (of the best answer to each prompt: the headroom)") @Default("mean") Candidates.By by,
    @Doc("one number that all draws follow from") @Default("1") long seed,
    @Doc("best, cpu, cuda or cuda:N") @Default("best") String device,
    @Doc("auto (as pretrain), bf16 or f32") @Default("auto") String dtype,
    PromptsConfig prompts,
    @Doc("what an answer is worth: the mean of the weighted sums ranks") List<RewardConfig> rewards,
    @Doc("how each candidate answers") @Default("{answers: 4}") DrawConfig draw,
    @Doc("answers that are not kept do not count") @Default("{complete: false}") KeepConfig keep,
    @Default("{}") Metrics metrics) implements MembersRecipe {
  public ChooseRecipe {
    candidates = List.copyOf(candidates);
    rewards = List.copyOf(rewards);
    MembersRecipe.requireModels("candidates", candidates);
    MembersRecipe.requireAlone(keep);
    if (best < 1) {
      throw new IllegalArgumentException("`best` must be >= 1 but was " + best + "; 4 makes a committee");
    }
  }

  @Override public String key() {
    return "candidates";
  }

  @Override public List<Reference> models() {
    return candidates;
  }

  @Override public double answersToAPrompt(int count) {
    return (double) count * draw.answers() * draw.systems().size();
  }
}
