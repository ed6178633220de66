package org.jtorch.recipes.pretrain;

import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.jtorch.family.Families;
import org.jtorch.io.DataException;
import org.jtorch.recipes.Artifact;
import org.jtorch.recipes.Artifacts;
import org.jtorch.recipes.ExitCodes;
import org.jtorch.recipes.PlanFigures;
import org.jtorch.recipes.RecipeType;
import org.jtorch.recipes.Recipes;
import org.jtorch.recipes.config.Bound;
import org.jtorch.recipes.pretrain.PretrainRecipe.ModelConfig;
import org.jtorch.recipes.run.RecipeRun;
import org.jtorch.recipes.run.RunFolder;
import org.jtorch.tensor.Device;

/// `type: pretrain`.
public final class PretrainType implements RecipeType {
  @Override public String name() {
    return "pretrain";
  }

  @Override public Class<? extends Record> recordType() {
    return PretrainRecipe.class;
  }

  @Override public List<String> problems(Object value, Artifacts known) {
    var setup = new Setup((PretrainRecipe) value, known);
    var recipe = setup.recipe();
    var problems = new ArrayList<String>();
    DataProblems.of(setup, problems);
    switch (recipe.model()) {
      case null -> {
        try {
          var _ = setup.from();
        } catch (IllegalArgumentException | DataException e) {
          problems.add("`from` " + e.getMessage());
        }
      }
      case ModelConfig.Folder(Path path) -> requireFile(problems, "model.path", path);
      case ModelConfig.Preset(String preset, _, _, _) when !Families.presets().containsKey(preset) ->
          problems.add("`model.name` unknown preset \"" + preset + "\"; known: " + String.join(", ", Families.presets().keySet()));
      default -> { }
    }
    tryAll(problems, recipe);
    if (problems.isEmpty()) {
      problems.addAll(new Parts(setup).problems());
      LossProblems.of(setup, problems);
    }
    return problems;
  }

  private static void tryAll(List<String> problems, PretrainRecipe recipe) {
    try {
      var _ = recipe.train().ramp(recipe.data().seqLen());
    } catch (IllegalArgumentException e) {
      problems.add("`train.ramp` " + e.getMessage());
      return;                                                         // the steps follow from it
    }
    try {
      if (recipe.train().epochs() == null) {                          // else the steps follow from the text
        var _ = recipe.train().schedule().over(recipe.train().steps(recipe.data().seqLen(), 0));
      }
    } catch (IllegalArgumentException e) {
      problems.add("`train.schedule` " + e.getMessage());
    }
    if (!recipe.dtype().matches("auto|bf16|f32")) {
      problems.add("`dtype` is \"" + recipe.dtype() + "\"; use auto, bf16 or f32");
    }
    try {
      if (!List.of("best", "cpu").contains(recipe.device())) {        // which are always there: libtorch need not be asked
        var _ = Device.parse(recipe.device());
      }
    } catch (IllegalArgumentException e) {
      problems.add("`device` " + e.getMessage());
    }
  }

  private static void requireFile(List<String> problems, String key, Path path) {
    if (!path.toString().contains("*") && !Files.exists(path)) {
      problems.add("`" + key + "` file not found: " + path);
    }
  }

  @Override public List<String> obstacles(Object recipe) {
    return ((PretrainRecipe) recipe).data().source() instanceof SourceConfig.StandIn
        ? List.of("`data.source` stands for text that is yours to give: it can be planned, not run; e.g. data.source='{type: tokens, path: FOLDER}'")
        : List.of();
  }

  @Override public Artifact leaves(Object value, Path folder, Artifacts known) {
    var setup = new Setup((PretrainRecipe) value, known);
    var run = new RunFolder(folder);
    int vocab = setup.vocab();
    return new Artifact.Model(run.model(), Shapes.of(setup, vocab), vocab, setup.eos(), run.checkpoints());
  }

  @Override public PlanFigures plan(Recipes.Loaded loaded, Artifacts known, PrintWriter out) {
    return new Plan(new Setup((PretrainRecipe) loaded.bound().value(), known)).print(out);
  }

  @Override public int prepare(Recipes.Loaded loaded, @Nullable Path folder, PrintWriter out) {
    PrepareText.run(new Setup((PretrainRecipe) loaded.bound().value(), Artifacts.FOLDERS), folder, out);
    return ExitCodes.DONE;
  }

  @Override public int run(Recipes.Loaded loaded, RunArgs args) {
    var bound = bound(loaded.bound());
    var recipe = bound.value();
    return RecipeRun.execute(bound, recipe.name(), recipe.metrics(), args,
        (run, logs, interruption) -> new PretrainRun(new Setup(recipe, args.known()), run, logs, interruption, args.ranks()).execute());
  }

  @SuppressWarnings("unchecked")        // the recipe was bound to recordType()
  private static Bound<PretrainRecipe> bound(Bound<? extends Record> any) {
    return (Bound<PretrainRecipe>) any;
  }
}
