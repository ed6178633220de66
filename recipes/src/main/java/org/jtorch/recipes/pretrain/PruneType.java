package org.jtorch.recipes.pretrain;

import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.jtorch.decoder.DecoderConfig;
import org.jtorch.observe.Units;
import org.jtorch.prune.Slicing;
import org.jtorch.recipes.Artifact;
import org.jtorch.recipes.Artifacts;
import org.jtorch.recipes.ExitCodes;
import org.jtorch.recipes.PlanFigures;
import org.jtorch.recipes.RecipeType;
import org.jtorch.recipes.Recipes;
import org.jtorch.recipes.config.Bound;
import org.jtorch.recipes.run.RecipeRun;
import org.jtorch.recipes.run.RunFolder;
import org.jtorch.tensor.DType;
import org.jtorch.tensor.Device;

/// `type: prune`.
public final class PruneType implements RecipeType {
  private static final PretrainType TEXT = new PretrainType();

  @Override public String name() {
    return "prune";
  }

  @Override public Class<? extends Record> recordType() {
    return PruneRecipe.class;
  }

  @Override public List<String> problems(Object value, Artifacts known) {
    var recipe = (PruneRecipe) value;
    var problems = TEXT.problems(recipe.onText(), known);
    return problems.isEmpty() ? width(recipe, known) : problems;
  }

  /// Whether the model has more neurons than shall stay.
  private static List<String> width(PruneRecipe recipe, Artifacts known) {
    var shape = known.model(recipe.from()).shape();
    int width;
    try {
      width = Slicing.width(shape);
    } catch (IllegalArgumentException e) {
      return List.of("`from` " + e.getMessage());
    }
    return recipe.hidden() < width ? List.of() : List.of("`hidden` must be below the width of the model's feed-forward layers (" + width
        + ") but was " + recipe.hidden() + "; e.g. hidden: " + Math.max(1, width / 3));
  }

  @Override public Artifact leaves(Object value, Path folder, Artifacts known) {
    var recipe = (PruneRecipe) value;
    var setup = new Setup(recipe.onText(), known);
    int vocab = setup.vocab();
    var small = Slicing.config(Shapes.of(setup, vocab), recipe.hidden());
    return new Artifact.Model(new RunFolder(folder).model(), small, vocab, setup.eos(), null);
  }

  @Override public PlanFigures plan(Recipes.Loaded loaded, Artifacts known, PrintWriter out) {
    var recipe = (PruneRecipe) loaded.bound().value();
    var setup = new Setup(recipe.onText(), known);
    var shape = Shapes.of(setup, setup.vocab());
    int width = Slicing.width(shape);
    var small = Slicing.config(shape, recipe.hidden());
    boolean learned = recipe.method() instanceof PruneMethod.Learned;
    var figures = learned ? new Plan(setup).print(out) : PlanFigures.NOTHING;
    double masks = learned ? maskBytes(setup, shape, width) : 0;
    Plan.line(out, "prune", "%s: %,d of %,d neurons a layer stay (%.1f %%)", method(recipe), recipe.hidden(), width,
        100.0 * recipe.hidden() / width);
    if (recipe.method() instanceof PruneMethod.SoftTopK m) {
      Plan.line(out, "", "their number falls over the first %.0f %% of the steps, ε from %s to %s", 100 * m.warmup(),
          Double.toString(m.epsilonStart()), Double.toString(m.epsilonEnd()));
    } else if (recipe.method() instanceof PruneMethod.HardConcrete m) {
      Plan.line(out, "", "their expected number falls over the first %.0f %% of the steps", 100 * m.warmup());
    }
    if (learned) {
      Plan.line(out, "", "%s more memory for masked weights, scores and their moments", Units.bytes(Math.round(masks)));
    }
    Plan.line(out, "leaves", "%s, %,d of %,d parameters", small.family(), small.parameterCount(), shape.parameterCount());
    out.flush();
    return new PlanFigures(small.parameterCount(), figures.bytes() + masks, figures.tokens(), figures.seconds());
  }

  /// A masked copy of down's weight for each layer that backward remembers, and scores with gradients and moments in float32.
  private static double maskBytes(Setup setup, DecoderConfig shape, int width) {
    var recipe = setup.recipe();
    DType type = TrainedType.of(setup, Device.parse(recipe.device()), _ -> { });
    int kept = recipe.train().activationCheckpointing() ? 1 : shape.layers();
    return (double) kept * shape.dim() * width * type.bytes() + 4.0 * Float.BYTES * shape.layers() * width;
  }

  private static String method(PruneRecipe recipe) {
    return switch (recipe.method()) {
      case PruneMethod.SoftTopK m -> "soft top-k, " + along(m);
      case PruneMethod.HardConcrete m -> "hard concrete, " + along(m);
      case PruneMethod.Magnitude _ -> "magnitude, nothing is trained";
      case PruneMethod.Random _ -> "by chance, nothing is trained";
    };
  }

  private static String along(PruneMethod.Learned method) {
    return method.learnWeights() ? "weights learn along" : "weights stay";
  }

  @Override public int prepare(Recipes.Loaded loaded, @Nullable Path folder, PrintWriter out) {
    PrepareText.run(new Setup(((PruneRecipe) loaded.bound().value()).onText(), Artifacts.FOLDERS), folder, out);
    return ExitCodes.DONE;
  }

  @Override public int run(Recipes.Loaded loaded, RunArgs args) {
    var bound = bound(loaded.bound());
    var recipe = bound.value();
    return RecipeRun.execute(bound, recipe.name(), recipe.metrics(), args,
        (run, logs, interruption) -> new PruneRun(recipe, args, run, logs, interruption).execute());
  }

  @SuppressWarnings("unchecked")        // the recipe was bound to recordType()
  private static Bound<PruneRecipe> bound(Bound<? extends Record> any) {
    return (Bound<PruneRecipe>) any;
  }
}
