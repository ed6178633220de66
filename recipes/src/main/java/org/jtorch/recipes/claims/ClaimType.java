package org.jtorch.recipes.claims;

import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import org.jtorch.observe.Units;
import org.jtorch.recipes.Artifacts;
import org.jtorch.recipes.PlanFigures;
import org.jtorch.recipes.RecipeType;
import org.jtorch.recipes.Recipes;
import org.jtorch.recipes.config.Kinds;
import org.jtorch.recipes.stage.StagesRecipe;
import org.jtorch.recipes.stage.StagesType;

/// `type: claim`.
public final class ClaimType implements RecipeType {
  /// Where claims run unless `--out` says otherwise, a folder each.
  public static final Path HOME = Path.of("runs", "claims");

  private final StagesType stages;

  /// @param types of the stages
  public ClaimType(List<RecipeType> types) {
    this.stages = new StagesType(types);
  }

  @Override public String name() {
    return "claim";
  }

  @Override public Class<? extends Record> recordType() {
    return ClaimRecipe.class;
  }

  @Override public Kinds kinds() {
    return stages.kinds();
  }

  @Override public List<String> problems(Object value, Artifacts known) {
    var recipe = (ClaimRecipe) value;
    var problems = new ArrayList<String>();
    if (!recipe.name().matches("[A-Za-z0-9][A-Za-z0-9_-]*")) {
      problems.add("`name` is \"" + recipe.name() + "\", but names a folder: letters, digits, - and _; e.g. R15");
    }
    var defined = new LinkedHashSet<String>();
    recipe.measures().forEach((name, measure) -> {
      if (measure instanceof Measure.Difference(String of, String minus, _)) {
        unknown(problems, "measures." + name, List.of(of, minus), defined, "measures before it");
      } else if (measure instanceof Measure.StepsTo(_, String loss)) {
        unknown(problems, "measures." + name, List.of(loss), defined, "measures before it");
      }
      defined.add(name);
    });
    recipe.judge().forEach(check -> unknown(problems, "judge", check.names(), defined, "measures"));
    recipe.beside().forEach(check -> unknown(problems, "beside", check.names(), defined, "measures"));
    unknown(problems, "figure.measures", recipe.figure().measures(), defined, "measures");
    problems.addAll(stages.problems(staged(recipe), known));
    return problems;
  }

  private static StagesRecipe staged(ClaimRecipe recipe) {
    return new StagesRecipe(recipe.name(), recipe.shared(), recipe.stages());
  }

  private static void unknown(List<String> problems, String key, List<String> names, Set<String> defined, String what) {
    names.stream().filter(name -> !defined.contains(name)).forEach(name -> problems.add(
        "`" + key + "` names \"" + name + "\", which is none of the " + what + ": " + String.join(", ", defined)));
  }

  @Override public PlanFigures plan(Recipes.Loaded loaded, Artifacts known, PrintWriter out) {
    var recipe = (ClaimRecipe) loaded.bound().value();
    int seeds = recipe.seeds().size();
    var one = stages.plan(SeedRecipe.of(loaded, recipe.seeds().getFirst(), stages), known, out);
    var all = new PlanFigures(one.parameters(), one.bytes(), seeds * one.tokens(), seeds * one.seconds());
    out.println(String.format(Locale.ROOT, "%d seeds: %s", seeds, Units.time(all.seconds())));
    out.flush();
    return all;
  }

  @Override public int run(Recipes.Loaded loaded, RunArgs args) {
    return new ClaimRun(loaded, stages, args).execute();
  }
}
