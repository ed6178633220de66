package org.jtorch.recipes;

import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.jtorch.recipes.config.Problem;
import org.jtorch.recipes.config.Resolved;
import org.jtorch.tensor.ranks.Ranks;

/// A kind of recipe: what stands after `type:` at its top, and the record it binds to.
public interface RecipeType {
  /// `pretrain`.
  String name();

  /// The record that [org.jtorch.recipes.config.StrictYaml] binds the recipe to.
  Class<? extends Record> recordType();

  /// Further checks that need the file system or the machine, such as missing files. A problem may start with the
  /// path of a key in backticks and is then shown at its line: "`stages[1].data` file not found: ...".
  List<String> problems(Object recipe);

  /// What a run would do, printed without starting anything: parameters, memory, tokens, schedule, time.
  void plan(Recipes.Loaded recipe, PrintWriter out);

  /// Makes the recipe's text into tokens, for many runs.
  ///
  /// @param folder where they go, or null for the recipe's own choice
  /// @return an exit code of [ExitCodes]
  default int prepare(Recipes.Loaded recipe, @Nullable Path folder, PrintWriter out) {
    throw new IllegalArgumentException("recipes of type " + name() + " have no text that is prepared");
  }

  /// Runs the recipe in a folder, or goes on with the run that is there.
  ///
  /// @return an exit code of [ExitCodes]
  int run(Recipes.Loaded recipe, RunArgs args);

  /// How a recipe is run, beside what it says itself.
  ///
  /// @param folder the run's folder, or null for the recipe's own choice
  /// @param resume what becomes of a run that is in the folder already
  /// @param out where the first rank prints; the others print nothing
  /// @param ranks the processes that do this run together
  record RunArgs(@Nullable Path folder, Resume resume, PrintWriter out, Ranks ranks) {}

  /// The same as located problems.
  default List<Problem> problems(Object recipe, Resolved resolved) {
    return problems(recipe).stream().map(text -> locate(text, resolved)).toList();
  }

  private static Problem locate(String text, Resolved resolved) {
    int end = text.startsWith("`") ? text.indexOf('`', 1) : -1;
    return end < 2 ? resolved.problem("", text) : resolved.problem(text.substring(1, end), text.substring(end + 1).strip());
  }
}
