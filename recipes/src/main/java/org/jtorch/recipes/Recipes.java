package org.jtorch.recipes;

import java.util.List;
import java.util.Map;
import org.jtorch.recipes.config.Bound;
import org.jtorch.recipes.config.Problem;
import org.jtorch.recipes.config.RecipeException;
import org.jtorch.recipes.config.RecipeSource;
import org.jtorch.recipes.config.StrictYaml;
import org.jtorch.recipes.config.Suggest;

/// What commands need to know about recipes: where they are and of which types.
public record Recipes(RecipeCatalog catalog, List<RecipeType> types) {
  /// A recipe bound to the record of its type.
  public record Loaded(RecipeSource source, RecipeType type, Bound<? extends Record> bound) {
    /// Runs the type's further checks.
    ///
    /// @throws RecipeException if any finds something
    public void check() {
      List<Problem> problems = type.problems(bound.value(), bound.resolved());
      if (!problems.isEmpty()) throw new RecipeException(source.name(), problems);
    }

    /// Asks whether a recipe without problems could run now.
    ///
    /// @throws RecipeException with what it still needs
    public void checkReady() {
      var missing = RecipeType.located(type.obstacles(bound.value()), bound.resolved());
      if (!missing.isEmpty()) throw new RecipeException(source.name(), missing);
    }
  }

  /// Finds, binds and returns a recipe.
  ///
  /// @throws IllegalArgumentException if there is no such recipe
  /// @throws RecipeException          with all problems of the recipe
  public Loaded load(String nameOrPath, List<String> overrides) {
    var source = catalog.find(nameOrPath);
    var type = typeOf(source, overrides);
    return new Loaded(source, type, StrictYaml.bind(type.recordType(), source, overrides, type.kinds()));
  }

  /// The type of a recipe, from its top-level `type`.
  public RecipeType typeOf(RecipeSource source, List<String> overrides) {
    var names = types.stream().map(RecipeType::name).toList();
    String name = StrictYaml.typeOf(source, overrides, Map.of("stages", "stages"));
    if (name == null) throw problem(source, "missing key; write type: one of " + String.join(", ", names));
    return types.stream().filter(t -> t.name().equals(name)).findFirst()
        .orElseThrow(() -> problem(source, "unknown type of recipe \"" + name + "\"" + Suggest.hint(name, names)));
  }

  private static RecipeException problem(RecipeSource source, String message) {
    int line = 1 + (int) source.text().lines().takeWhile(l -> !l.startsWith("type:")).count();
    boolean given = source.text().lines().anyMatch(l -> l.startsWith("type:"));
    return new RecipeException(source.name(), List.of(new Problem(source.name(), given ? line : 1, 1, "type", message)));
  }
}
