package org.jtorch.recipes.eval;

import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.jtorch.eval.task.Comparison;
import org.jtorch.recipes.report.HeatMap;
import org.jtorch.recipes.report.ResultsPage;

/// One model, or two, asked all tasks: what `jtorch eval` and a recipe of the type `eval` have in common.
///
/// @param sides what each model did
/// @param comparisons of the two, task by task; empty for one
public record Evaluation(List<TaskSet> tasks, List<EvalFiles.Side> sides, List<Comparison> comparisons) {
  /// Asks one model after the other.
  ///
  /// @param models one folder, or two that are compared
  /// @throws org.jtorch.io.DataException if a folder, or a file in it, is missing or broken
  public static Evaluation run(List<TaskSet> tasks, List<Path> models, EvalModel.Place place, EvalRun.Watch watch) {
    var sides = new ArrayList<EvalFiles.Side>();
    for (Path folder : models) {
      try (var model = EvalModel.open(folder, place)) {
        sides.add(new EvalFiles.Side(folder.toString(), model.place(), EvalRun.run(tasks, model, watch)));
      }
    }
    var comparisons = new ArrayList<Comparison>();
    for (int i = 0; sides.size() > 1 && i < sides.getFirst().results().size(); i++) {
      comparisons.add(Comparison.of(sides.getFirst().results().get(i), sides.getLast().results().get(i)));
    }
    return new Evaluation(tasks, sides, comparisons);
  }

  /// Prints the tables.
  public void print(PrintWriter to) {
    for (var side : sides) {
      to.println(side.model() + " (" + side.place() + ")");
      EvalTable.of(side.results()).forEach(to::println);
      to.println();
    }
    if (!comparisons.isEmpty()) {
      EvalTable.compared(comparisons).forEach(to::println);
      to.println();
    }
    to.flush();
  }

  /// Writes results and items; see [EvalFiles].
  public void write(Path folder) {
    EvalFiles.write(folder, tasks, sides, comparisons);
  }

  /// The tables and pictures as a part of a report.
  String part() {
    var page = new ResultsPage();
    for (var side : sides) {
      page.table(side.model() + " (" + side.place() + ")", EvalTable.rows(side.results())).pictures(pictures(side));
    }
    if (!comparisons.isEmpty()) {
      page.table("Side by side", EvalTable.comparedRows(comparisons));
    }
    return page.part();
  }

  private static List<HeatMap> pictures(EvalFiles.Side side) {
    return side.results().stream().filter(r -> r.needle() != null)
        .map(r -> EvalFiles.picture(r.task(), Objects.requireNonNull(r.needle()))).toList();
  }
}
