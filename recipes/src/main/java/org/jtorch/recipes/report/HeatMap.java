package org.jtorch.recipes.report;

import static org.jtorch.recipes.report.Markup.escape;
import static org.jtorch.recipes.report.Markup.px;

import java.util.List;
import java.util.Locale;

/// A table of shares as a picture: the fuller the colour, the larger the share, with the number in each cell.
///
/// @param unit what the shares are of
/// @param across what the columns are
/// @param down what the rows are
/// @param values from 0 to 1, row by row; NaN for a cell without a value
@SuppressWarnings("ArrayRecordComponent")     // never compared
public record HeatMap(String title, String unit, String across, List<String> columns, String down, List<String> rows, double[][] values) {
  private static final double LEFT = 76;
  private static final double RIGHT = 14;
  private static final double TOP = 34;
  private static final double BOTTOM = 40;
  /// From here on a cell's colour is dark enough for light numbers.
  private static final double DARK = 0.55;

  public HeatMap {
    if (rows.isEmpty() || columns.isEmpty() || values.length != rows.size()) {
      throw new IllegalArgumentException("a heat map of " + rows.size() + " rows and " + columns.size() + " columns has " + values.length
          + " rows of values; give one for each");
    }
    for (double[] row : values) {
      if (row.length != columns.size()) {
        throw new IllegalArgumentException("a row of the heat map has " + row.length + " values for " + columns.size() + " columns");
      }
    }
    rows = List.copyOf(rows);
    columns = List.copyOf(columns);
  }

  /// The picture for a page that brings the style.
  public String inline(int width, int height) {
    return svg(width, height, "role=\"img\"", "");
  }

  /// The picture as a file of its own.
  public String standalone(int width, int height) {
    String attributes = "xmlns=\"http://www.w3.org/2000/svg\" width=\"" + width + "\" height=\"" + height + "\"";
    return svg(width, height, attributes, "<style>" + ReportStyle.COLOURS + ReportStyle.CHART + "</style>\n"
        + "<rect class=\"paper\" width=\"" + width + "\" height=\"" + height + "\" rx=\"8\"/>\n");
  }

  private String svg(int width, int height, String attributes, String head) {
    double cellWidth = (width - LEFT - RIGHT) / columns.size();
    double cellHeight = (height - TOP - BOTTOM) / rows.size();
    var out = new StringBuilder();
    out.append("<svg class=\"chart\" ").append(attributes).append(" viewBox=\"0 0 ").append(width).append(' ').append(height)
        .append("\" aria-label=\"").append(escape(title)).append("\">\n").append(head);
    out.append("<text class=\"title\" x=\"12\" y=\"20\">").append(escape(title))
        .append("<tspan class=\"unit\" dx=\"6\">").append(escape(unit)).append("</tspan></text>\n");
    for (int r = 0; r < rows.size(); r++) {
      double y = TOP + r * cellHeight;
      text(out, "tick", "end", LEFT - 7, y + cellHeight / 2 + 4, rows.get(r));
      for (int c = 0; c < columns.size(); c++) {
        cell(out, r, c, cellWidth, cellHeight);
      }
    }
    for (int c = 0; c < columns.size(); c++) {
      text(out, "tick", "middle", LEFT + (c + 0.5) * cellWidth, height - BOTTOM + 16, columns.get(c));
    }
    text(out, "tick", "middle", (LEFT + width - RIGHT) / 2, height - BOTTOM + 32, across);
    text(out, "tick", "start", 12, TOP - 4, down);
    return out.append("</svg>\n").toString();
  }

  private void cell(StringBuilder out, int row, int column, double width, double height) {
    double x = LEFT + column * width;
    double y = TOP + row * height;
    double value = values[row][column];
    String shown = Double.isNaN(value) ? "–" : String.format(Locale.ROOT, "%.0f", 100 * value);
    out.append("<rect class=\"cell\" x=\"").append(px(x + 1)).append("\" y=\"").append(px(y + 1)).append("\" width=\"").append(px(width - 2))
        .append("\" height=\"").append(px(height - 2)).append("\" fill-opacity=\"")
        .append(String.format(Locale.ROOT, "%.2f", Double.isNaN(value) ? 0 : 0.05 + 0.95 * Math.clamp(value, 0, 1))).append("\"><title>")
        .append(escape(columns.get(column) + ", " + rows.get(row) + ": " + shown + "%")).append("</title></rect>\n");
    text(out, value > DARK ? "share light" : "share", "middle", x + width / 2, y + height / 2 + 4, shown);
  }

  private static void text(StringBuilder out, String style, String anchor, double x, double y, String text) {
    out.append("<text class=\"").append(style).append("\" text-anchor=\"").append(anchor).append("\" x=\"").append(px(x)).append("\" y=\"")
        .append(px(y)).append("\">").append(escape(text)).append("</text>\n");
  }
}
