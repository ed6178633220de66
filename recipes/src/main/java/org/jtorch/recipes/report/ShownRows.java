package org.jtorch.recipes.report;

import java.io.PrintWriter;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;

/// Rows of tokens on a terminal and in a report.
public final class ShownRows {
  private static final String PLAIN = "\u001b[0m";

  private ShownRows() {}

  /// Prints them: what is read dim, what is learned green, what the template wrote into answers yellow. Without colours tokens are kept apart by
  /// `|`, what is learned stands in `[ ]` and what the template wrote in `{ }`.
  public static void print(List<ShownRow> rows, PrintWriter out, boolean coloured) {
    out.println(coloured ? colour(ShownRow.Role.TRAINED) + "learned" + PLAIN + ", " + colour(ShownRow.Role.FORMAT)
        + "written by the template and left out" + PLAIN + ", " + colour(ShownRow.Role.READ) + "read" + PLAIN
        : "[learned], {written by the template and left out}, read; | between tokens");
    for (var row : rows) {
      out.println();
      out.println("-- " + row.title());
      row.text().lines().forEach(line -> out.println("   " + line));
      out.println(row.tokens().stream().map(t -> coloured ? colour(t.role()) + t.text() + PLAIN : marked(t)).collect(Collectors.joining("|")));
    }
    out.flush();
  }

  private static String colour(ShownRow.Role role) {
    return switch (role) {
      case READ -> "\u001b[2m";
      case TRAINED -> "\u001b[32m";
      case FORMAT -> "\u001b[33m";
    };
  }

  private static String marked(ShownRow.Token token) {
    return switch (token.role()) {
      case READ -> token.text();
      case TRAINED -> "[" + token.text() + "]";
      case FORMAT -> "{" + token.text() + "}";
    };
  }

  /// The same as a part of a report.
  public static String html(List<ShownRow> rows) {
    var out = new StringBuilder();
    for (var row : rows) {
      out.append("<details open><summary>").append(Markup.escape(row.title())).append("</summary>\n<p class=\"row\">");
      row.tokens().forEach(t -> out.append("<span class=\"").append(t.role().name().toLowerCase(Locale.ROOT)).append("\">")
          .append(Markup.escape(t.text())).append("</span>"));
      out.append("</p></details>\n");
    }
    return out.toString();
  }
}
