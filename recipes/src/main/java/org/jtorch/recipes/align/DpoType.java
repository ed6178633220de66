package org.jtorch.recipes.align;

import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.List;
import org.jtorch.recipes.Artifact;
import org.jtorch.recipes.Artifacts;
import org.jtorch.recipes.PlanFigures;
import org.jtorch.recipes.RecipeType;
import org.jtorch.recipes.Recipes;
import org.jtorch.recipes.report.ShownRow;
import org.jtorch.recipes.run.RecipeRun;

/// `type: dpo`.
public final class DpoType implements RecipeType {
  @Override public String name() {
    return "dpo";
  }

  @Override public Class<? extends Record> recordType() {
    return DpoRecipe.class;
  }

  @Override public List<String> problems(Object recipe, Artifacts known) {
    return ChatProblems.of((DpoRecipe) recipe, known);
  }

  @Override public Artifact leaves(Object recipe, Path folder, Artifacts known) {
    return ChatStages.leaves((DpoRecipe) recipe, folder, known);
  }

  @Override public PlanFigures plan(Recipes.Loaded loaded, Artifacts known, PrintWriter out) {
    return new ChatPlan((DpoRecipe) loaded.bound().value(), known, 2, 4 / 3.0).print(out);
  }

  @Override public List<ShownRow> rows(Recipes.Loaded loaded, Artifacts known, int count) {
    return ChatRows.of((DpoRecipe) loaded.bound().value(), known, count);
  }

  @Override public int run(Recipes.Loaded loaded, RunArgs args) {
    var recipe = (DpoRecipe) loaded.bound().value();
    return RecipeRun.execute(loaded.bound(), ChatStages.folder(recipe, args), recipe.metrics(), args, (run, logs, interruption) -> {
      var loop = new ChatLoop(recipe, args.known(), run, logs, interruption, args.ranks());
      return loop.execute(chats -> new DpoJob(recipe, loop, chats));
    });
  }
}
