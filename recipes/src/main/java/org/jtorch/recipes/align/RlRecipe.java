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

/// A policy that learns from what rewards say of its own answers.
@Named("rl")
public record RlRecipe(
    @Doc("names the run; its folder is runs/<name> unless --out says otherwise") String name,
    @Doc("the model to begin with and to measure from: an earlier stage, or a Hugging Face folder; its tokenizer comes along") Reference from,
    @Doc("one number that data order and answers follow from") @Default("1") long seed,
    @Doc("best, cpu, cuda or cuda:N") @Default("best") String device,
    @Doc("auto (as pretrain), bf16 or f32") @Default("auto") String dtype,
    PromptsConfig prompts,
    @Doc("share of the prompts held out for validation; 0 for none") @Default("0.05") double heldOut,
    @Doc("what judges the answers: each with its weight in the sum") List<RewardConfig> rewards,
    @Doc("answers to a prompt, K") @Default("8") int answers,
    @Doc("tokens of an answer, at most") @Default("256") int newTokens,
    @Doc("at which the model answers") @Default("1") double temperature,
    @Doc("how answers become an update") @Default("{}") AlgorithmConfig algorithm,
    @Doc("what keeps the policy near its reference") @Default("{}") KlConfig kl,
    @Doc("what the policy is measured from") @Default("{}") ReferenceConfig reference,
    @Doc("what is made of a batch of answers") @Default("{}") UpdatesConfig updates,
    @Doc("where the policy has collapsed") @Default("{}") BoundsConfig bounds,
    @Doc("learn an adapter in the place of the whole model; without it its reference is the model beneath") @Nullable AdapterConfig adapter,
    LoopConfig train, @Default("{}") OptimizerConfig optimizer, @Default("{}") Eval eval, @Default("{}") Save save,
    @Default("{}") Metrics metrics) implements AnsweringRecipe {
  public RlRecipe {
    rewards = List.copyOf(rewards);
    algorithm.require(kl);
  }

  @Override public void check() {
    algorithm.require(this);
  }
}
