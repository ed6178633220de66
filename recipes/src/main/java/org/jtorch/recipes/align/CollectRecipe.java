package org.jtorch.recipes.align;

import java.util.List;
import org.jtorch.align.committee.Levels;
import org.jtorch.recipes.config.Default;
import org.jtorch.recipes.config.Doc;
import org.jtorch.recipes.config.Named;
import org.jtorch.recipes.config.Reference;
import org.jtorch.recipes.run.Metrics;

/// Two of several models answer each prompt, and which answer is better and how clearly is written down: the judged pairs of AFM's rounds (iTeC,
/// arXiv:2407.21075, section 4.2.1) and of Llama 3's (arXiv:2407.21783, section 4.2.1), with rewards in the place of annotators.
@Named("collect")
public record CollectRecipe(
    @Doc("names the run; its folder is runs/<name> unless --out says otherwise") String name,
    @Doc("the models, of which two drawn anew answer each prompt: earlier stages, choices among them, or folders") List<Reference> members,
    @Doc("one number that all draws follow from") @Default("1") long seed,
    @Doc("best, cpu, cuda or cuda:N") @Default("best") String device,
    @Doc("auto (as pretrain), bf16 or f32") @Default("auto") String dtype,
    PromptsConfig prompts,
    @Doc("what an answer is worth: the difference of the weighted sums is the preference") List<RewardConfig> rewards,
    @Doc("how clear a difference is") @Default("{}") LevelsConfig levels,
    @Doc("how a member answers; of several answers its best is compared") @Default("{answers: 1}") DrawConfig draw,
    @Doc("answers that are not kept make no pair") @Default("{complete: false}") KeepConfig keep,
    @Default("{}") Metrics metrics) implements MembersRecipe {
  /// From what difference of rewards on an answer is called so; less than slightly is negligibly better.
  public record LevelsConfig(@Default("1.5") double significantly, @Default("1") double better, @Default("0.5") double slightly,
      @Doc("deviation of what the judge sees beside the difference, for experiments") @Default("0") double noise) {
    public LevelsConfig {
      var _ = new Levels(significantly, better, slightly, noise);
    }

    Levels levels() {
      return new Levels(significantly, better, slightly, noise);
    }
  }

  public CollectRecipe {
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
    return 2.0 * draw.answers() * draw.systems().size();
  }
}
