package org.jtorch.recipes.align;

import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.jtorch.recipes.Artifact;
import org.jtorch.recipes.Artifacts;
import org.jtorch.recipes.PlanFigures;
import org.jtorch.recipes.RecipeType;
import org.jtorch.recipes.Recipes;
import org.jtorch.recipes.run.BriefRun;

/// `type: gold`.
public final class GoldType implements RecipeType {
  private static final int BEST_OF = 4;

  @Override public String name() {
    return "gold";
  }

  @Override public Class<? extends Record> recordType() {
    return GoldRecipe.class;
  }

  @Override public List<String> problems(Object recipe, Artifacts known) {
    return List.of();
  }

  @Override public Artifact leaves(Object recipe, Path folder, Artifacts known) {
    return new Artifact.Chats(folder.resolve(MadeUp.LEFT), ((GoldRecipe) recipe).rows());
  }

  @Override public PlanFigures plan(Recipes.Loaded loaded, Artifacts known, PrintWriter out) {
    var recipe = (GoldRecipe) loaded.bound().value();
    out.println("rows        " + recipe.rows() + " made-up " + (recipe.kind() == GoldRecipe.Kind.JUDGEMENTS ? "judgements" : "conversations"));
    return PlanFigures.NOTHING;
  }

  @Override public int run(Recipes.Loaded loaded, RunArgs args) {
    var recipe = (GoldRecipe) loaded.bound().value();
    return BriefRun.execute(loaded.bound(), recipe.name(), MadeUp.LEFT, args, (run, note) -> {
      var rows = rows(recipe);
      MadeUp.write(run.path().resolve(MadeUp.LEFT), rows);
      note.accept(rows.size() + " rows: " + run.path().resolve(MadeUp.LEFT));
    });
  }

  private static List<String> rows(GoldRecipe recipe) {
    var world = new GoldWorld(recipe.fewest(), recipe.most(), recipe.world());
    var random = new Random(recipe.seed() * 31 + 17);
    var rows = new ArrayList<String>();
    for (int i = 0; i < recipe.rows(); i++) {
      if (recipe.kind() == GoldRecipe.Kind.CONVERSATIONS) {
        rows.add(world.conversation(random, BEST_OF).toString());
      } else {
        boolean flipped = random.nextDouble() < recipe.flip();
        String row = world.judgement(random, recipe.noise(), flipped).toString();
        if (recipe.keep() == GoldRecipe.Keep.ALL || flipped == (recipe.keep() == GoldRecipe.Keep.FLIPPED)) {
          rows.add(row);
        }
      }
    }
    return rows;
  }
}
