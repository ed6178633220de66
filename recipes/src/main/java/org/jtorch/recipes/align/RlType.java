package org.jtorch.recipes.align;

import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.List;
import org.jtorch.io.DataException;
import org.jtorch.recipes.Artifact;
import org.jtorch.recipes.Artifacts;
import org.jtorch.recipes.PlanFigures;
import org.jtorch.recipes.RecipeType;
import org.jtorch.recipes.Recipes;
import org.jtorch.recipes.run.RecipeRun;

/// `type: rl`.
public final class RlType implements RecipeType {
  @Override public String name() {
    return "rl";
  }

  @Override public Class<? extends Record> recordType() {
    return RlRecipe.class;
  }

  @Override public List<String> problems(Object recipe, Artifacts known) {
    var rl = (RlRecipe) recipe;
    var problems = ChatProblems.ofAnswers(rl, known);
    if (rl.algorithm() instanceof AlgorithmConfig.Judging judging && judging.critic() instanceof CriticConfig.Own own) {
      critic(own, known, problems);
    }
    return problems;
  }

  private static void critic(CriticConfig.Own own, Artifacts known, List<String> problems) {
    try {
      var artifact = known.find(own.from());
      if (!(artifact instanceof Artifact.RewardModel)) {
        problems.add("`algorithm.critic.from` is a " + artifact.kind() + ", but a critic begins as a reward model: name a stage of type reward, or"
            + " use critic: {type: shared}");
      }
    } catch (IllegalArgumentException | DataException e) {
      problems.add("`algorithm.critic.from` " + e.getMessage());
    }
  }

  @Override public Artifact leaves(Object recipe, Path folder, Artifacts known) {
    return ChatStages.leaves((RlRecipe) recipe, folder, known);
  }

  /// A token that is written costs a CPU about as much as one that is trained on.
  @Override public PlanFigures plan(Recipes.Loaded loaded, Artifacts known, PrintWriter out) {
    var recipe = (RlRecipe) loaded.bound().value();
    double updates = recipe.updates().epochs();
    return new ChatPlan(recipe, known, recipe.answers(), updates + 1 / 3.0 + (recipe.kl().measures() ? 1 / 3.0 : 0) + 0.5).print(out);
  }

  @Override public int run(Recipes.Loaded loaded, RunArgs args) {
    var recipe = (RlRecipe) loaded.bound().value();
    return RecipeRun.execute(loaded.bound(), recipe.name(), recipe.metrics(), args, (run, logs, interruption) -> {
      var loop = new ChatLoop(recipe, args.known(), run, logs, interruption, args.ranks());
      return loop.execute(chats -> new RlJob(recipe, loop, chats));
    });
  }
}
