package org.jtorch.recipes.experts;

import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.function.Consumer;
import org.jtorch.family.Pretrained;
import org.jtorch.io.DataException;
import org.jtorch.recipes.Artifact;
import org.jtorch.recipes.Artifacts;
import org.jtorch.recipes.PlanFigures;
import org.jtorch.recipes.RecipeType;
import org.jtorch.recipes.Recipes;
import org.jtorch.recipes.run.BriefRun;
import org.jtorch.recipes.run.RunFolder;
import org.jtorch.tensor.Device;
import org.jtorch.train.ModelFolder;

/// `type: upcycle`.
public final class UpcycleType implements RecipeType {
  @Override public String name() {
    return "upcycle";
  }

  @Override public Class<? extends Record> recordType() {
    return UpcycleRecipe.class;
  }

  @Override public List<String> problems(Object value, Artifacts known) {
    var recipe = (UpcycleRecipe) value;
    try {
      var _ = recipe.upcycling().config(known.model(recipe.from()).shape());
      return List.of();
    } catch (IllegalArgumentException | DataException e) {
      return List.of("`from` " + e.getMessage());
    }
  }

  @Override public Artifact leaves(Object value, Path folder, Artifacts known) {
    var recipe = (UpcycleRecipe) value;
    var dense = known.model(recipe.from());
    return new Artifact.Model(new RunFolder(folder).model(), recipe.upcycling().config(dense.shape()), dense.tokens(), dense.eos(), null);
  }

  @Override public PlanFigures plan(Recipes.Loaded loaded, Artifacts known, PrintWriter out) {
    var recipe = (UpcycleRecipe) loaded.bound().value();
    var shape = recipe.upcycling().config(known.model(recipe.from()).shape());
    out.println(String.format(Locale.ROOT, "model       %s, %,d parameters, %,d of them active", shape.family(), shape.parameterCount(),
        shape.activeParameterCount()));
    return new PlanFigures(shape.parameterCount(), 0, 0, 0);
  }

  @Override public int run(Recipes.Loaded loaded, RunArgs args) {
    var recipe = (UpcycleRecipe) loaded.bound().value();
    return BriefRun.execute(loaded.bound(), recipe.name(), Path.of("model"), args,
        (run, note) -> upcycle(recipe, args.known().model(recipe.from()).folder(), run, note));
  }

  private static void upcycle(UpcycleRecipe recipe, Path from, RunFolder run, Consumer<String> note) {
    try (var dense = Pretrained.load(from, Device.CPU, null); var experts = recipe.upcycling().apply(dense, recipe.seed())) {
      run.publish(ModelFolder.of(experts, from));
      note.accept(String.format(Locale.ROOT, "%,d parameters from %,d: %s", experts.parameterCount(), dense.parameterCount(), run.model()));
    }
  }
}
