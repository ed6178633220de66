package org.jtorch.recipes.align;

import java.util.List;
import java.util.Set;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.jtorch.align.chats.TooLong;
import org.jtorch.generate.Options;
import org.jtorch.generate.Sampling;
import org.jtorch.recipes.Artifacts;
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
    @Default("{}") Metrics metrics) implements ChatRecipe {
  public OnlineDpoRecipe {
    rewards = List.copyOf(rewards);
    if (answers < 2) {
      throw new IllegalArgumentException("`answers` must be >= 2 but was " + answers + ": a pair is the best of them against the worst; 8 are usual");
    }
    if (newTokens < 1) {
      throw new IllegalArgumentException("`new_tokens` must be >= 1 but was " + newTokens + "; 256 are usual");
    }
    if (!(temperature > 0)) {
      throw new IllegalArgumentException("`temperature` must be > 0 but was " + temperature + ", or all answers to a prompt are the same; 1 is usual");
    }
    if (!(heldOut >= 0 && heldOut < 1)) {
      throw new IllegalArgumentException("`held_out` must be from 0 to below 1 but was " + heldOut + "; 0.05 is usual");
    }
    if (nll != null && !(nll >= 0 && nll < Double.POSITIVE_INFINITY)) {
      throw new IllegalArgumentException("`nll` must be >= 0 but was " + nll + "; 0.2 is Llama 3's");
    }
    var _ = new org.jtorch.align.preference.BestAgainstWorst(lead, cutPenalty);
  }

  /// How the model answers.
  ///
  /// @param stops the tokens that end an answer
  Options sampling(Set<Long> stops) {
    return new Options(newTokens, Sampling.temperature(temperature), stops, seed, 0);
  }

  /// Tokens of a prompt with its answer, at most.
  int longest() {
    return prompts.maxTokens() + newTokens;
  }

  /// The prompts with room for their answers, as the loop of runs on chats sees them.
  @Override public ChatsConfig chats() {
    return new ChatsConfig(prompts.sources().stream().map(path -> new ChatsConfig.Source(path, 1)).toList(), heldOut, longest(), TooLong.LEAVE_OUT,
        prompts.template());
  }

  @Override public long examples(Artifacts known, Consumer<String> note) {
    return prompts.count(note);
  }
}
