package org.jtorch.recipes.align;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.jtorch.data.BatchOrder;
import org.jtorch.recipes.Artifact;
import org.jtorch.recipes.Artifacts;
import org.jtorch.recipes.PlanFigures;
import org.jtorch.recipes.RecipeType;
import org.jtorch.recipes.Recipes;
import org.jtorch.recipes.run.BriefRun;

/// `type: arithmetic`.
public final class ArithmeticType implements RecipeType {
  @Override public String name() {
    return "arithmetic";
  }

  @Override public Class<? extends Record> recordType() {
    return ArithmeticRecipe.class;
  }

  @Override public List<String> problems(Object recipe, Artifacts known) {
    return List.of();
  }

  @Override public Artifact leaves(Object recipe, Path folder, Artifacts known) {
    return new Artifact.Chats(folder.resolve(MadeUp.LEFT), ((ArithmeticRecipe) recipe).rows());
  }

  @Override public PlanFigures plan(Recipes.Loaded loaded, Artifacts known, PrintWriter out) {
    var recipe = (ArithmeticRecipe) loaded.bound().value();
    out.println("rows        " + recipe.rows() + " of " + recipe.problems() + " problems");
    return PlanFigures.NOTHING;
  }

  @Override public int run(Recipes.Loaded loaded, RunArgs args) {
    var recipe = (ArithmeticRecipe) loaded.bound().value();
    return BriefRun.execute(loaded.bound(), recipe.name(), MadeUp.LEFT, args, (run, note) -> {
      var rows = rows(recipe);
      MadeUp.write(run.path().resolve(MadeUp.LEFT), rows);
      note.accept(rows.size() + " rows: " + run.path().resolve(MadeUp.LEFT));
    });
  }

  static List<String> rows(ArithmeticRecipe recipe) {
    var order = new BatchOrder(recipe.seed(), recipe.problems());
    int numbers = recipe.largest() + 1;
    var random = new Random(recipe.seed());
    var rows = new ArrayList<String>();
    for (int i = 0; i < recipe.rows(); i++) {
      long problem = order.row(0, recipe.skip() + i);
      int a = (int) (problem % numbers);
      int b = (int) (problem / numbers % recipe.seconds());
      var operation = recipe.operations().get((int) (problem / numbers / recipe.seconds()));
      rows.add(JsonNodeFactory.instance.objectNode().put("prompt", a + " " + operation.sign() + " " + b)
          .put("completion", Integer.toString(operation.of(a, b) + slip(recipe, random))).toString());
    }
    return rows;
  }

  private static int slip(ArithmeticRecipe recipe, Random random) {
    return random.nextDouble() >= recipe.slips() ? 0 : random.nextBoolean() ? 1 : -1;
  }
}
