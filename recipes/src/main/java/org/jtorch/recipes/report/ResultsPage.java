package org.jtorch.recipes.report;

import static org.jtorch.recipes.report.Markup.escape;

import java.nio.file.Path;
import java.util.List;
import org.jtorch.io.AtomicFile;

/// Results as HTML: tables and pictures, a part of a page or a page of their own.
public final class ResultsPage {
  private static final int WIDTH = 520;
  private static final int HEIGHT = 380;

  private final StringBuilder out = new StringBuilder();

  /// @param rows the first with the names of the columns
  public ResultsPage table(String title, List<List<String>> rows) {
    out.append("<h2>").append(escape(title)).append("</h2>\n<div class=\"card\"><table>\n");
    for (var row : rows) {
      boolean head = row.equals(rows.getFirst());
      out.append("<tr>");
      row.forEach(cell -> out.append(head ? "<th>" : "<td>").append(escape(cell)).append(head ? "</th>" : "</td>"));
      out.append("</tr>\n");
    }
    out.append("</table></div>\n");
    return this;
  }

  public ResultsPage pictures(List<HeatMap> maps) {
    if (!maps.isEmpty()) {
      out.append("<div class=\"charts\">\n");
      maps.forEach(map -> out.append("<div class=\"card plot\">").append(map.inline(WIDTH, HEIGHT)).append("</div>\n"));
      out.append("</div>\n");
    }
    return this;
  }

  public ResultsPage chart(DotChart chart) {
    out.append("<div class=\"charts\">\n<div class=\"card plot\">").append(chart.standalone(WIDTH)).append("</div>\n</div>\n");
    return this;
  }

  /// As a part of another page.
  public String part() {
    return out.toString();
  }

  /// Writes `report.html` into the run folder and returns its path; an older one is replaced as a whole.
  ///
  /// @param part what [#part] gave
  public static Path write(Path runFolder, String title, String part, String recipe) {
    Path file = runFolder.resolve("report.html");
    AtomicFile.write(file, Markup.page(title, "<header><h1>" + escape(title) + "</h1></header>\n" + part
        + "<h2>Recipe</h2>\n<div class=\"card\"><pre>" + escape(recipe.strip()) + "</pre></div>\n"));
    return file;
  }
}
