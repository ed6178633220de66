package org.jtorch.recipes.eval;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.stream.IntStream;
import org.jtorch.eval.task.Comparison;
import org.jtorch.eval.task.Metric;
import org.jtorch.eval.task.TaskResult;

/// Results as a table of text.
public final class EvalTable {
  /// Digits of the hash of prompts that are shown.
  private static final int HASH = 16;

  private EvalTable() {}

  /// One line for each figure: task, figure, value, standard error, items, hash of the prompts.
  public static List<String> of(List<TaskResult> results) {
    return aligned(rows(results), Set.of(0, 1, 5));
  }

  /// The same as cells, the first row with the names of the columns.
  static List<List<String>> rows(List<TaskResult> results) {
    var rows = new ArrayList<List<String>>();
    rows.add(List.of("task", "figure", "value", "± error", "items", "prompts"));
    for (var result : results) {
      for (Metric m : result.metrics()) {
        boolean first = m.equals(result.metrics().getFirst());
        rows.add(List.of(first ? result.task() : "", m.name(), value(m), error(m), Long.toString(m.estimate().n()),
            first ? result.prompts().substring(0, HASH) : ""));
      }
    }
    return rows;
  }

  /// One line for each figure of two models: both values, their difference item by item, and how likely chance makes it.
  public static List<String> compared(List<Comparison> comparisons) {
    return aligned(comparedRows(comparisons), Set.of(0, 1, 6));
  }

  static List<List<String>> comparedRows(List<Comparison> comparisons) {
    var rows = new ArrayList<List<String>>();
    rows.add(List.of("task", "figure", "first", "second", "difference", "p", "test", "items"));
    for (var c : comparisons) {
      for (var f : c.figures()) {
        rows.add(List.of(f.equals(c.figures().getFirst()) ? c.task() : "", f.first().name(), value(f.first()), value(f.second()),
            String.format(Locale.ROOT, "%+.4f", f.second().estimate().value() - f.first().estimate().value()), p(f.test().p()), f.test().name(),
            Long.toString(f.test().n())));
      }
    }
    return rows;
  }

  /// Four digits behind the point; perplexities, which may be large, in fewer.
  static String value(Metric m) {
    return number(m.estimate().value());
  }

  static String error(Metric m) {
    return Double.isNaN(m.estimate().standardError()) ? "-" : number(m.estimate().standardError());
  }

  private static String number(double v) {
    return Double.isNaN(v) ? "-" : String.format(Locale.ROOT, Math.abs(v) < 100 ? "%.4f" : Math.abs(v) < 1e6 ? "%.1f" : "%.3e", v);
  }

  static String p(double p) {
    return Double.isNaN(p) ? "-" : p < 1e-10 ? "< 1e-10" : String.format(Locale.ROOT, p < 1e-3 ? "%.1e" : "%.4f", p);
  }

  /// Columns of equal width; all but `texts` hold numbers, which stand to the right.
  private static List<String> aligned(List<List<String>> rows, Set<Integer> texts) {
    int columns = rows.getFirst().size();
    int[] width = IntStream.range(0, columns).map(c -> rows.stream().mapToInt(r -> r.get(c).length()).max().orElse(0)).toArray();
    return rows.stream().map(row -> {
      var line = new StringBuilder();
      for (int c = 0; c < columns; c++) {
        String cell = row.get(c);
        String blanks = " ".repeat(width[c] - cell.length());
        line.append(c == 0 ? "" : "  ").append(texts.contains(c) ? cell + blanks : blanks + cell);
      }
      return line.toString().stripTrailing();
    }).toList();
  }
}
