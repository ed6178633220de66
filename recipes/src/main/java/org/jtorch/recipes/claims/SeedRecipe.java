package org.jtorch.recipes.claims;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import org.jtorch.recipes.Recipes;
import org.jtorch.recipes.Stage;
import org.jtorch.recipes.config.Bound;
import org.jtorch.recipes.config.Difference;
import org.jtorch.recipes.config.RecipeSource;
import org.jtorch.recipes.config.StrictYaml;
import org.jtorch.recipes.stage.StageGroup;
import org.jtorch.recipes.stage.StagesRecipe;
import org.jtorch.recipes.stage.StagesType;

/// The stages of a claim with one seed: a recipe of stages as any other.
final class SeedRecipe {
  /// Between the seeds of stages that give themselves the seeds 1, 2 and so on, and are to differ in each run.
  private static final long APART = 1000;

  private SeedRecipe() {}

  /// The seed that a stage has in the recipe.
  private static long own(Stage stage) {
    return (Long) Objects.requireNonNull(Difference.value((Record) stage, Arrays.stream(stage.getClass().getRecordComponents())
        .filter(c -> c.getName().equals("seed")).findFirst().orElseThrow()));
  }

  /// @param claim bound to a [ClaimRecipe]
  static Recipes.Loaded of(Recipes.Loaded claim, long seed, StagesType stages) {
    var recipe = (ClaimRecipe) claim.bound().value();
    var overrides = new ArrayList<String>();
    seeds(recipe.stages(), "stages", seed, overrides);
    var text = RecipeSource.of(claim.source().name(), claim.bound().resolved().toYaml());
    var bound = StrictYaml.bind(ClaimRecipe.class, text, overrides, stages.kinds());
    var staged = new StagesRecipe(recipe.name() + ", seed " + seed, null, bound.value().stages());
    return new Recipes.Loaded(claim.source(), stages, new Bound<>(staged, bound.resolved()));
  }

  private static void seeds(List<Stage> list, String path, long seed, List<String> overrides) {
    for (int i = 0; i < list.size(); i++) {
      String at = path + "[" + i + "]";
      if (list.get(i) instanceof StageGroup group) {
        seeds(group.stages(), at + ".stages", seed, overrides);
      } else if (Arrays.stream(list.get(i).getClass().getRecordComponents()).anyMatch(c -> c.getName().equals("seed"))) {
        overrides.add(at + ".seed=" + (seed + APART * (own(list.get(i)) - 1)));
      }
    }
  }
}
