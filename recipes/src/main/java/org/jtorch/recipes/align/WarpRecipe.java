package org.jtorch.recipes.align;

import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import org.jtorch.align.warp.Warp;
import org.jtorch.recipes.config.Default;
import org.jtorch.recipes.config.Doc;
import org.jtorch.recipes.config.Named;
import org.jtorch.recipes.config.Reference;
import org.jtorch.recipes.pretrain.OptimizerConfig;
import org.jtorch.recipes.run.Eval;
import org.jtorch.recipes.run.Metrics;
import org.jtorch.recipes.run.Save;

/// Policies that learn apart and are joined, round by round: WARP (arXiv:2406.16768). What a member is has the keys of a recipe of type rl.
@Named("warp")
public record WarpRecipe(
    @Doc("names the stage, and the joined model for later ones") String name,
    @Doc("the model to begin with, and from which the front is measured: an earlier stage, or a Hugging Face folder") Reference from,
    @Doc("what data order and answers follow from; every member has one of its own") @Default("1") long seed,
    @Doc("best, cpu, cuda or cuda:N") @Default("best") String device,
    @Doc("auto (as pretrain), bf16 or f32") @Default("auto") String dtype,
    @Doc("how often members learn and are joined; 2 or 3 are usual") @Default("2") int rounds,
    @Doc("policies of a round") @Default("2") int members,
    @Doc("how far towards the joined model the next round begins") @Default("0.3") double eta,
    @Doc("where between the first model and the joined one the front is measured") @Default("[0, 0.1, 0.3, 0.5, 0.8, 1]") List<Double> front,
    PromptsConfig prompts,
    @Doc("share of the prompts held out for validation and for the front") @Default("0.05") double heldOut,
    @Doc("what judges the answers: each with its weight in the sum") List<RewardConfig> rewards,
    @Doc("answers to a prompt, K") @Default("8") int answers,
    @Doc("tokens of an answer, at most") @Default("256") int newTokens,
    @Doc("at which a member answers; 0.9 in the paper") @Default("1") double temperature,
    @Doc("how answers become an update; the paper has REINFORCE") @Default("{type: reinforce}") AlgorithmConfig algorithm,
    @Doc("what keeps a member near its reference; 0.1 in the paper") @Default("{beta: 0.1}") KlConfig kl,
    @Doc("what a member is measured from: the paper has a moving average of its own weights") @Default("{type: following, mu: 0.01, every: 1}")
    ReferenceConfig reference,
    @Doc("what is made of a batch of answers") @Default("{}") UpdatesConfig updates,
    @Doc("where a member has collapsed") @Default("{}") BoundsConfig bounds,
    LoopConfig train, @Default("{}") OptimizerConfig optimizer, @Default("{}") Eval eval, @Default("{}") Save save,
    @Default("{}") Metrics metrics) implements AnsweringRecipe {
  /// More than the members of a round, and than the rounds.
  private static final long APART = 1_000;
  /// The keys that a recipe of type rl does not have.
  static final Set<String> OWN = Set.of("type", "rounds", "members", "eta", "front");

  public WarpRecipe {
    rewards = List.copyOf(rewards);
    front = List.copyOf(front);
    var _ = new Warp(Path.of(name), rounds, members, eta);
    algorithm.require(kl);
    if (front.stream().anyMatch(e -> !(e >= 0 && e <= 1))) {
      throw new IllegalArgumentException("`front` must be numbers from 0 to 1 but was " + front + "; e.g. [0, 0.3, 1]");
    }
  }

  @Override public void check() {
    algorithm.require(this);
  }

  /// The seed of a member's answers and of the order of its prompts.
  long seed(int round, int member) {
    return (seed * APART + round) * APART + member;
  }
}
