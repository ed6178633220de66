package org.jtorch.recipes;

import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.jtorch.recipes.config.Kinds;
import org.jtorch.recipes.config.Problem;
import org.jtorch.recipes.config.Resolved;
import org.jtorch.recipes.report.ShownRow;
import org.jtorch.tensor.ranks.Ranks;

/// A kind of recipe: what stands after `type:` at its top, and the record it binds to. A recipe whose record is a [Stage] can stand by
/// itself and in the list of a recipe of stages; which of the two it is, it need not know: what it takes from elsewhere it finds through
/// [Artifacts], and where it runs is its own folder in both cases.
public interface RecipeType {
  /// `pretrain`.
  String name();

  /// The record that [org.jtorch.recipes.config.StrictYaml] binds the recipe to.
  Class<? extends Record> recordType();

  /// The records that interfaces of the recipe's record stand for, if this package has to be told.
  default Kinds kinds() {
    return Kinds.NONE;
  }

  /// Further checks that need the file system or the machine, such as missing files. A problem may start with the
  /// path of a key in backticks and is then shown at its line: "`stages[1].data` file not found: ...".
  List<String> problems(Object recipe, Artifacts known);

  /// What a recipe that can be planned still needs before it can run, as problems.
  default List<String> obstacles(Object recipe) {
    return List.of();
  }

  /// What a run in a folder will leave there. Asked only of a recipe without problems.
  ///
  /// @throws IllegalArgumentException if it is no stage and leaves nothing that others could take
  default Artifact leaves(Object recipe, Path folder, Artifacts known) {
    throw new IllegalArgumentException("recipes of type " + name() + " leave nothing for other stages");
  }

  /// What a run would do, printed without starting anything: parameters, memory, tokens, schedule, time.
  ///
  /// @return the same as figures
  PlanFigures plan(Recipes.Loaded recipe, Artifacts known, PrintWriter out);

  /// Makes the recipe's text into tokens, for many runs.
  ///
  /// @param folder where they go, or null for the recipe's own choice
  /// @return an exit code of [ExitCodes]
  default int prepare(Recipes.Loaded recipe, @Nullable Path folder, PrintWriter out) {
    throw new IllegalArgumentException("recipes of type " + name() + " have no text that is prepared");
  }

  /// The first rows of chats that the recipe trains on, as tokens; none if it trains on no chats.
  ///
  /// @param count examples of each source
  default List<ShownRow> rows(Recipes.Loaded recipe, Artifacts known, int count) {
    return List.of();
  }

  /// Runs the recipe in a folder, or goes on with the run that is there.
  ///
  /// @return an exit code of [ExitCodes]
  int run(Recipes.Loaded recipe, RunArgs args);

  /// Writes the report of a run as it stands, if it is another than that of one loop.
  ///
  /// @return its file, or null for the usual report
  default @Nullable Path report(Recipes.Loaded recipe, Path folder) {
    return null;
  }

  /// How a recipe is run, beside what it says itself.
  ///
  /// @param folder the run's folder, or null for the recipe's own choice
  /// @param resume what becomes of a run that is in the folder already
  /// @param out where the first rank prints; the others print nothing
  /// @param ranks the processes that do this run together
  /// @param known where it finds what it takes from elsewhere
  record RunArgs(@Nullable Path folder, Resume resume, PrintWriter out, Ranks ranks, Artifacts known) {
    /// Of a recipe that is no stage.
    public RunArgs(@Nullable Path folder, Resume resume, PrintWriter out, Ranks ranks) {
      this(folder, resume, out, ranks, Artifacts.FOLDERS);
    }
  }

  /// The problems of a recipe that is no stage, at their lines.
  default List<Problem> problems(Object recipe, Resolved resolved) {
    return located(problems(recipe, Artifacts.FOLDERS), resolved);
  }

  /// Problems at the lines of the keys that they begin with.
  static List<Problem> located(List<String> problems, Resolved resolved) {
    return problems.stream().map(text -> locate(text, resolved)).toList();
  }

  private static Problem locate(String text, Resolved resolved) {
    int end = text.startsWith("`") ? text.indexOf('`', 1) : -1;
    return end < 2 ? resolved.problem("", text) : resolved.problem(text.substring(1, end), text.substring(end + 1).strip());
  }
}
