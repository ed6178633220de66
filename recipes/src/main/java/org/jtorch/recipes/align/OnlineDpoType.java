package org.jtorch.recipes.align;

import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.List;
import org.jtorch.recipes.Artifact;
import org.jtorch.recipes.Artifacts;
import org.jtorch.recipes.PlanFigures;
import org.jtorch.recipes.RecipeType;
import org.jtorch.recipes.Recipes;
import org.jtorch.recipes.run.RecipeRun;

/// `type: online-dpo`.
public final class OnlineDpoType implements RecipeType {
  @Override public String name() {
    return "online-dpo";
  }

  @Override public Class<? extends Record> recordType() {
    return OnlineDpoRecipe.class;
  }

  @Override public List<String> problems(Object recipe, Artifacts known) {
    return ChatProblems.ofAnswers((OnlineDpoRecipe) recipe, known);
  }

  @Override public Artifact leaves(Object recipe, Path folder, Artifacts known) {
    return ChatStages.leaves((OnlineDpoRecipe) recipe, folder, known);
  }

  /// A token that is written costs a CPU about as much as one that is trained on.
  @Override public PlanFigures plan(Recipes.Loaded loaded, Artifacts known, PrintWriter out) {
    var recipe = (OnlineDpoRecipe) loaded.bound().value();
    return new ChatPlan(recipe, known, 2, 4 / 3.0 + recipe.answers() / 2.0).print(out);
  }

  @Override public int run(Recipes.Loaded loaded, RunArgs args) {
    var recipe = (OnlineDpoRecipe) loaded.bound().value();
    return RecipeRun.execute(loaded.bound(), recipe.name(), recipe.metrics(), args, (run, logs, interruption) -> {
      var loop = new ChatLoop(recipe, args.known(), run, logs, interruption, args.ranks());
      return loop.execute(chats -> new OnlineDpoJob(recipe, loop, chats));
    });
  }
}
