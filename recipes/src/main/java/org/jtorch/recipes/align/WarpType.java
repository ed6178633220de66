package org.jtorch.recipes.align;

import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.List;
import org.jtorch.recipes.Artifact;
import org.jtorch.recipes.Artifacts;
import org.jtorch.recipes.ExitCodes;
import org.jtorch.recipes.PlanFigures;
import org.jtorch.recipes.RecipeType;
import org.jtorch.recipes.Recipes;
import org.jtorch.recipes.run.BriefRun;

/// `type: warp`.
public final class WarpType implements RecipeType {
  @Override public String name() {
    return "warp";
  }

  @Override public Class<? extends Record> recordType() {
    return WarpRecipe.class;
  }

  @Override public List<String> problems(Object recipe, Artifacts known) {
    var warp = (WarpRecipe) recipe;
    var problems = ChatProblems.ofAnswers(warp, known);
    if (warp.heldOut() == 0) {
      problems.add("`held_out` is 0, but the front is measured on held-out prompts; e.g. held_out: 0.05");
    }
    return problems;
  }

  @Override public Artifact leaves(Object recipe, Path folder, Artifacts known) {
    return ChatStages.leaves((WarpRecipe) recipe, folder, known);
  }

  /// A token that is written costs a CPU about as much as one that is trained on.
  @Override public PlanFigures plan(Recipes.Loaded loaded, Artifacts known, PrintWriter out) {
    var recipe = (WarpRecipe) loaded.bound().value();
    int runs = recipe.rounds() * recipe.members();
    out.println("members     " + recipe.members() + " in each of " + recipe.rounds() + " rounds; of each of these " + runs + " runs:");
    double updates = recipe.updates().epochs();
    var one = new ChatPlan(recipe, known, recipe.answers(), updates + 1 / 3.0 + (recipe.kl().measures() ? 1 / 3.0 : 0) + 0.5).print(out);
    return new PlanFigures(one.parameters(), one.bytes(), runs * one.tokens(), runs * one.seconds());
  }

  @Override public int run(Recipes.Loaded loaded, RunArgs args) {
    if (args.ranks().size() > 1) {
      throw new IllegalArgumentException("`type: warp` runs in one process, but there are " + args.ranks().size()
          + "; members of a run of your own can share theirs, type: rl");
    }
    var recipe = (WarpRecipe) loaded.bound().value();
    try {
      return BriefRun.execute(loaded.bound(), recipe.name(), Path.of("model"), args,
          (run, note) -> new WarpRun(recipe, loaded.bound().resolved(), args, run, note).execute());
    } catch (WarpRun.Interrupted _) {
      return ExitCodes.INTERRUPTED;
    }
  }
}
