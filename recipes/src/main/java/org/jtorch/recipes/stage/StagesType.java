package org.jtorch.recipes.stage;

import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.jtorch.recipes.Artifact;
import org.jtorch.recipes.Artifacts;
import org.jtorch.recipes.PlanFigures;
import org.jtorch.recipes.RecipeType;
import org.jtorch.recipes.Recipes;
import org.jtorch.recipes.Stage;
import org.jtorch.recipes.config.Bound;
import org.jtorch.recipes.config.Kinds;
import org.jtorch.recipes.report.ShownRow;
import org.jtorch.recipes.run.RecipeRun;
import org.jtorch.recipes.run.RunFolder;

/// `type: stages`, or a recipe with a list of `stages`.
public final class StagesType implements RecipeType {
  private final List<RecipeType> types;

  /// @param types of the stages; those whose record is no [Stage] cannot be one
  public StagesType(List<RecipeType> types) {
    this.types = types.stream().filter(type -> Stage.class.isAssignableFrom(type.recordType())).toList();
  }

  @Override public String name() {
    return "stages";
  }

  @Override public Class<? extends Record> recordType() {
    return StagesRecipe.class;
  }

  @Override public Kinds kinds() {
    var choices = new LinkedHashMap<String, Class<?>>();
    types.forEach(type -> choices.put(type.name(), type.recordType()));
    choices.put("group", StageGroup.class);
    return new Kinds(Map.of(Stage.class, choices));
  }

  @Override public List<String> problems(Object value, Artifacts known) {
    return graph((StagesRecipe) value, null).problems();
  }

  @Override public List<String> obstacles(Object value) {
    return graph((StagesRecipe) value, null).obstacles();
  }

  @Override public Artifact leaves(Object value, Path folder, Artifacts known) {
    var graph = graph((StagesRecipe) value, folder);
    return graph.leaves(graph.nodes().getLast());
  }

  @Override public PlanFigures plan(Recipes.Loaded loaded, Artifacts known, PrintWriter out) {
    var recipe = (StagesRecipe) loaded.bound().value();
    return new StagesPlan(graph(recipe, null), loaded, out).print();
  }

  @Override public List<ShownRow> rows(Recipes.Loaded loaded, Artifacts known, int count) {
    var graph = graph((StagesRecipe) loaded.bound().value(), null);
    var rows = new ArrayList<ShownRow>();
    var seen = new HashSet<String>();                                        // the rounds of a group have the same
    for (Node node : graph.nodes()) {
      if (seen.add(node.path())) {
        var bound = new Bound<>((Record) node.recipe(), loaded.bound().resolved().at(node.path()));
        rows.addAll(node.type().rows(new Recipes.Loaded(loaded.source(), node.type(), bound), graph.artifacts(node), count));
      }
    }
    return rows;
  }

  @Override public int run(Recipes.Loaded loaded, RunArgs args) {
    var recipe = (StagesRecipe) loaded.bound().value();
    Path folder = RecipeRun.folder(args, recipe.name());
    return new StagesRun(graph(recipe, folder), loaded, folder, args).execute();
  }

  @Override public Path report(Recipes.Loaded loaded, Path folder) {
    var recipe = (StagesRecipe) loaded.bound().value();
    var run = new RunFolder(folder);
    StagesReport.write(run, recipe.name(), graph(recipe, folder));
    return run.report();
  }

  private Graph graph(StagesRecipe recipe, @Nullable Path folder) {
    return new Graph(recipe, types, folder == null ? Path.of("runs", recipe.name()) : folder);
  }
}
