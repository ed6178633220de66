package org.jtorch.recipes.report;

import static org.jtorch.recipes.report.Markup.escape;

import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;
import org.jtorch.io.AtomicFile;
import org.jtorch.observe.EvalEvent;
import org.jtorch.observe.MetricsFile;
import org.jtorch.observe.StepEvent;
import org.jtorch.observe.Units;

/// `report.html` of a run of several stages: all of them in a table, and then each as in its own report.
public final class StagesPage {
  private static final int SECOND_LETTER = 26;

  /// One stage.
  ///
  /// @param takes what it takes from, in words
  /// @param state finished, begun or not begun
  /// @param data what it has measured; null if nothing
  /// @param part what it shows beside that, as HTML; null if nothing
  public record Section(String name, String type, String takes, String state, @Nullable ReportData data, @Nullable String part) {
    public Section(String name, String type, String takes, String state, @Nullable ReportData data) {
      this(name, type, takes, state, data, null);
    }
  }

  private StagesPage() {}

  /// Writes the page into the run folder and returns its path; an older one is replaced as a whole.
  public static Path write(Path runFolder, String title, List<Section> stages, String recipe) {
    var out = new StringBuilder("<header><h1>").append(escape(title)).append("</h1></header>\n");
    table(out, stages);
    for (int i = 0; i < stages.size(); i++) {
      section(out, stages.get(i), letters(i));
    }
    out.append("<h2>Recipe</h2>\n<div class=\"card\"><pre>").append(escape(recipe.strip())).append("</pre></div>\n");
    Path file = runFolder.resolve("report.html");
    AtomicFile.write(file, Markup.page(title, out.toString()));
    return file;
  }

  /// `sa`, `sb`, ... for a chart's name.
  private static String letters(int index) {
    return "s" + (char) ('a' + index / SECOND_LETTER) + (char) ('a' + index % SECOND_LETTER);
  }

  private static void table(StringBuilder out, List<Section> stages) {
    out.append("<h2>Stages</h2>\n<div class=\"card\"><table>\n<tr><th>Stage</th><th>Type</th><th>Takes</th><th>State</th><th>Steps</th>"
        + "<th>Tokens</th><th>Time</th><th>Bits per byte before</th><th>after</th></tr>\n");
    for (Section stage : stages) {
      out.append("<tr><td><a href=\"#").append(escape(stage.name())).append("\">").append(escape(stage.name())).append("</a></td>");
      cell(out, stage.type());
      cell(out, stage.takes());
      cell(out, stage.state());
      figures(out, stage.data() == null ? null : stage.data().metrics());
      out.append("</tr>\n");
    }
    out.append("</table></div>\n");
  }

  private static void figures(StringBuilder out, @Nullable MetricsFile metrics) {
    if (metrics == null || metrics.steps().isEmpty()) {
      out.append("<td></td><td></td><td></td><td></td><td></td>");
      return;
    }
    StepEvent last = metrics.steps().getLast();
    cell(out, String.format(Locale.ROOT, "%,d of %,d", last.step(), last.totalSteps()));
    cell(out, Units.count((double) metrics.steps().stream().mapToLong(StepEvent::tokens).sum()));
    cell(out, Units.time(metrics.steps().stream().mapToDouble(StepEvent::seconds).sum()));
    cell(out, metrics.evals().isEmpty() ? "" : bits(metrics.evals().getFirst()));
    cell(out, metrics.evals().isEmpty() ? "" : bits(metrics.evals().getLast()));
  }

  private static String bits(EvalEvent eval) {
    return Double.isNaN(eval.bitsPerByte()) ? "" : String.format(Locale.ROOT, "%.4f", eval.bitsPerByte());
  }

  private static void cell(StringBuilder out, String text) {
    out.append("<td>").append(escape(text)).append("</td>");
  }

  private static void section(StringBuilder out, Section stage, String letters) {
    if (stage.data() != null || stage.part() != null) {
      out.append("<section id=\"").append(escape(stage.name())).append("\">\n")
          .append(stage.data() == null ? "<header><h1>" + escape(stage.name()) + "</h1></header>\n" : HtmlReport.section(stage.data(), letters))
          .append(stage.part() == null ? "" : stage.part()).append("</section>\n");
    }
  }
}
