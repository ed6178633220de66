package org.jtorch.recipes.align;

import java.util.List;
import org.jspecify.annotations.Nullable;
import org.jtorch.recipes.config.Default;
import org.jtorch.recipes.config.Doc;
import org.jtorch.recipes.config.Named;
import org.jtorch.recipes.config.Reference;
import org.jtorch.recipes.pretrain.OptimizerConfig;
import org.jtorch.recipes.run.Eval;
import org.jtorch.recipes.run.Metrics;
import org.jtorch.recipes.run.Save;

/// A model that learns from its own answers: the best of several against the worst, as rewards judge them (Qwen 2, arXiv:2407.10671, section 4.3).
@Named("online-dpo")
public record OnlineDpoRecipe(
    @Doc("names the run; its folder is runs/<name> unless --out says otherwise") String name,
    @Doc("the model to begin with: an earlier stage, or a Hugging Face folder; its tokenizer comes along") Reference from,
    @Doc("one number that data order and answers follow from") @Default("1") long seed,
    @Doc("best, cpu, cuda or cuda:N") @Default("best") String device,
    @Doc("auto (as pretrain), bf16 or f32") @Default("auto") String dtype,
    PromptsConfig prompts,
    @Doc("share of the prompts held out for validation; 0 for none") @Default("0.05") double heldOut,
    @Doc("what judges the answers: each with its weight in the sum") List<RewardConfig> rewards,
    @Doc("answers to a prompt") @Default("8") int answers,
    @Doc("tokens of an answer, at most") @Default("256") int newTokens,
    @Doc("at which the model answers") @Default("1") double temperature,
    @Doc("by how much the best answer's reward must be above the worst's to make a pair") @Default("0") double lead,
    @Doc("taken from the reward of an answer that was cut before it ended") @Default("0") double cutPenalty,
    @Default("{}") LossConfig loss,
    @Doc("what the likelihood of the best answers is multiplied by; unless given as in the loss's paper") @Nullable Double nll,
    @Doc("what the model is measured from") @Default("{}") ReferenceConfig reference,
    LoopConfig train, @Default("{}") OptimizerConfig optimizer, @Default("{}") Eval eval, @Default("{}") Save save,
    @Default("{}") Metrics metrics) implements AnsweringRecipe {
  public OnlineDpoRecipe {
    rewards = List.copyOf(rewards);
    if (nll != null && !(nll >= 0 && nll < Double.POSITIVE_INFINITY)) {
      throw new IllegalArgumentException("`nll` must be >= 0 but was " + nll + "; 0.2 is Llama 3's");
    }
    var _ = new org.jtorch.align.preference.BestAgainstWorst(lead, cutPenalty);
  }

  @Override public void check() {
    requireAnswers(2, "a pair is the best of them against the worst");
  }
}
