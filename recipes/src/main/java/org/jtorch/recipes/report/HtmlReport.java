package org.jtorch.recipes.report;

import static org.jtorch.recipes.report.Markup.escape;

import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import org.jtorch.io.AtomicFile;
import org.jtorch.observe.EvalEvent;
import org.jtorch.observe.MetricsFile;
import org.jtorch.observe.SaveEvent;
import org.jtorch.observe.Units;

/// `report.html`: everything about a run in one file that needs nothing else, with curves that follow the reader's
/// light or dark setting; and `curve.svg`, the loss curve alone.
public final class HtmlReport {
  /// The most that a table shows; the rest is in metrics.jsonl.
  private static final int ROWS = 40;

  private final ReportData data;
  private final MetricsFile metrics;
  private final String charts;
  private final StringBuilder out = new StringBuilder();

  /// @param charts letters before the names of charts, which are unique in a page
  private HtmlReport(ReportData data, String charts) {
    this.data = data;
    this.metrics = data.metrics();
    this.charts = charts;
  }

  /// Writes `report.html` into the run folder and returns its path; an older one is replaced as a whole.
  public static Path write(Path runFolder, ReportData data) {
    return put(runFolder.resolve("report.html"), new HtmlReport(data, "").page());
  }

  /// Writes `curve.svg` into the run folder, the picture for a README, and returns its path.
  public static Path curveSvg(Path runFolder, ReportData data) {
    LineChart loss = new Curves(data.metrics()).loss();
    var named = new LineChart(loss.id(), data.title(), loss.unit(), loss.series());
    return put(runFolder.resolve("curve.svg"), named.standalone(860, 380));
  }

  private static Path put(Path file, String text) {
    AtomicFile.write(file, text);
    return file;
  }

  private String page() {
    head();
    curves();
    figures();
    samples();
    out.append(data.part());
    rows();
    configuration();
    environment();
    checkpoints();
    notes();
    return Markup.page(data.title(), out.toString());
  }

  /// What a page of several stages shows of one.
  ///
  /// @param charts letters that no other stage of the page has
  static String section(ReportData data, String charts) {
    var section = new HtmlReport(data, charts);
    section.head();
    if (!data.metrics().steps().isEmpty() || !data.metrics().evals().isEmpty()) {
      section.curves();
    }
    section.figures();
    section.samples();
    section.rows();
    section.notes();
    return section.out.toString();
  }

  /// Pictures that the run drew.
  private void figures() {
    if (!data.figures().isEmpty()) {
      out.append("<h2>Figures</h2>\n<div class=\"charts\">\n");
      data.figures().forEach(svg -> out.append("<div class=\"card plot\">").append(svg).append("</div>\n"));
      out.append("</div>\n");
    }
  }

  private void head() {
    String outcome = outcome();
    out.append("<header><h1>").append(escape(data.title())).append("</h1><span class=\"badge")
        .append(outcome.equals("finished") ? " good" : "").append("\">").append(escape(outcome)).append("</span></header>\n")
        .append("<section class=\"tiles\">\n");
    for (var tile : new Tiles(metrics).all()) {
      out.append("<div class=\"card tile\"><div class=\"name\">").append(escape(tile.name()))
          .append("</div><div class=\"value\">").append(escape(tile.value())).append("</div><div class=\"more\">")
          .append(escape(tile.more())).append("</div></div>\n");
    }
    out.append("</section>\n");
  }

  /// The last end, unless a later start says that the run goes on (or was killed since).
  String outcome() {
    boolean ended = !metrics.ends().isEmpty()
        && (metrics.steps().isEmpty() || metrics.ends().size() >= metrics.starts().size()
            || metrics.steps().getLast().step() >= metrics.steps().getLast().totalSteps());
    return ended ? metrics.ends().getLast().outcome() : "no end recorded";
  }

  private void curves() {
    var curves = new Curves(metrics);
    out.append("<h2>Curves</h2>\n<div class=\"card plot\">").append(curves.loss().within(charts).inline(1040, 360))
        .append("</div>\n<div class=\"charts\">\n");
    curves.small().forEach(chart -> out.append("<div class=\"card plot\">").append(chart.within(charts).inline(520, 260)).append("</div>\n"));
    out.append("</div>\n");
  }

  /// The last texts in full, earlier ones folded, and of a long run the newest only.
  private void samples() {
    List<EvalEvent> written = metrics.evals().reversed().stream().filter(e -> !e.samples().isEmpty()).limit(ROWS).toList();
    if (written.isEmpty()) {
      return;
    }
    out.append("<h2>Samples</h2>\n<div class=\"card\">\n");
    for (EvalEvent eval : written) {
      out.append(eval.equals(written.getFirst()) ? "<details open>" : "<details>").append("<summary>step ")
          .append(eval.step()).append(Double.isNaN(eval.bitsPerByte()) ? ""
              : String.format(Locale.ROOT, ", %.4f bits per byte", eval.bitsPerByte()))
          .append("</summary>\n");
      eval.samples().forEach(s -> out.append("<p class=\"sample\">").append(escape(s)).append("</p>\n"));
      out.append("</details>\n");
    }
    out.append("</div>\n");
  }

  /// What the run trains on, token by token.
  private void rows() {
    if (!data.rows().isEmpty()) {
      out.append("<h2>Rows</h2>\n<div class=\"card\">\n").append(data.rows()).append("</div>\n");
    }
  }

  private void configuration() {
    if (!data.configYaml().isBlank()) {
      out.append("<h2>Configuration</h2>\n<div class=\"card\"><pre>").append(escape(data.configYaml().strip()))
          .append("</pre></div>\n");
    }
  }

  private void environment() {
    if (data.environment().isEmpty()) {
      return;
    }
    out.append("<h2>Environment</h2>\n<div class=\"card\"><table>\n");
    data.environment().forEach((key, value) -> out.append("<tr><td class=\"key\">").append(escape(key))
        .append("</td><td>").append(escape(value)).append("</td></tr>\n"));
    out.append("</table></div>\n");
  }

  private void checkpoints() {
    if (metrics.saves().isEmpty()) {
      return;
    }
    out.append("<h2>Checkpoints</h2>\n<div class=\"card\"><table>\n")
        .append("<tr><th>Step</th><th>Folder</th><th>Size</th><th>Written in</th></tr>\n");
    earlier(metrics.saves().size(), 4);
    for (SaveEvent save : newest(metrics.saves())) {
      out.append("<tr><td>").append(save.step()).append("</td><td>").append(escape(save.folder().toString()))
          .append("</td><td>").append(Units.bytes(save.bytes())).append("</td><td>")
          .append(Units.time(save.seconds())).append("</td></tr>\n");
    }
    out.append("</table></div>\n");
  }

  private void notes() {
    if (metrics.notes().isEmpty()) {
      return;
    }
    out.append("<h2>Notes</h2>\n<div class=\"card\"><table>\n");
    earlier(metrics.notes().size(), 1);
    newest(metrics.notes()).forEach(note -> out.append("<tr><td>").append(escape(note)).append("</td></tr>\n"));
    out.append("</table></div>\n");
  }

  private static <E> List<E> newest(List<E> all) {
    return all.subList(Math.max(0, all.size() - ROWS), all.size());
  }

  /// A row that says how many are not shown.
  private void earlier(int count, int columns) {
    if (count > ROWS) {
      out.append("<tr><td colspan=\"").append(columns).append("\">").append(count - ROWS)
          .append(" earlier ones are in metrics.jsonl</td></tr>\n");
    }
  }
}
