package org.jtorch.recipes.report;

import static org.jtorch.recipes.report.Markup.escape;
import static org.jtorch.recipes.report.Markup.px;

import java.util.Arrays;
import java.util.List;
import java.util.stream.DoubleStream;

/// Rows of points on one axis, as SVG: a row for each of several things, a point for each repetition, and a bar from one standard error
/// below the mean to one above it.
///
/// @param unit what the axis counts
public record DotChart(String title, String unit, List<Row> rows) {
  private static final double LEFT = 24;
  private static final double RIGHT = 24;
  private static final double TOP = 38;
  private static final double ROW = 30;
  private static final double BOTTOM = 44;
  private static final double LETTER = 6.3;

  /// @param error the standard error of the mean; NaN where there is none
  public record Row(String name, double[] points, double mean, double error) {}

  /// The picture as a file of its own.
  public String standalone(int width) {
    double left = LEFT + LETTER * rows.stream().mapToInt(row -> row.name().length()).max().orElse(0);
    double height = TOP + ROW * rows.size() + BOTTOM;
    var out = new StringBuilder();
    out.append("<svg class=\"chart\" xmlns=\"http://www.w3.org/2000/svg\" width=\"").append(width).append("\" height=\"").append(px(height))
        .append("\" viewBox=\"0 0 ").append(width).append(' ').append(px(height)).append("\" aria-label=\"").append(escape(title))
        .append("\">\n<style>").append(ReportStyle.COLOURS).append(ReportStyle.CHART).append("</style>\n<rect class=\"paper\" width=\"")
        .append(width).append("\" height=\"").append(px(height)).append("\" rx=\"8\"/>\n<text class=\"title\" x=\"12\" y=\"20\">")
        .append(escape(title)).append("</text>\n");
    var scale = Scale.of(rows, left, width - RIGHT);
    axis(out, scale, height - BOTTOM);
    for (int i = 0; i < rows.size(); i++) {
      row(out, rows.get(i), scale, TOP + ROW * (i + 0.5));
    }
    return out.append("</svg>\n").toString();
  }

  private void axis(StringBuilder out, Scale scale, double bottom) {
    var ticks = Ticks.between(scale.low(), scale.high(), 6);
    for (double v : ticks.values()) {
      line(out, "grid", scale.x(v), scale.x(v), TOP - 8, bottom);
      text(out, "middle", scale.x(v), bottom + 16, ticks.label(v));
    }
    line(out, "axis", scale.left(), scale.right(), bottom, bottom);
    text(out, "middle", (scale.left() + scale.right()) / 2, bottom + 34, unit);
  }

  private static void row(StringBuilder out, Row row, Scale scale, double y) {
    text(out, "end", scale.left() - 12, y + 4, row.name());
    if (row.error() > 0) {
      out.append("<rect class=\"error\" style=\"fill:var(--raw)\" x=\"").append(px(scale.x(row.mean() - row.error()))).append("\" y=\"")
          .append(px(y - 7)).append("\" width=\"").append(px(scale.x(row.mean() + row.error()) - scale.x(row.mean() - row.error())))
          .append("\" height=\"14\"/>\n");
    }
    out.append("<polyline class=\"line\" points=\"").append(px(scale.x(row.mean()))).append(',').append(px(y - 9)).append(' ')
        .append(px(scale.x(row.mean()))).append(',').append(px(y + 9)).append("\"/>\n");
    for (double v : row.points()) {
      out.append("<circle class=\"dots\" r=\"3\" cx=\"").append(px(scale.x(v))).append("\" cy=\"").append(px(y)).append("\"><title>")
          .append(escape(row.name() + ": " + v)).append("</title></circle>\n");
    }
  }

  private static void line(StringBuilder out, String style, double x1, double x2, double y1, double y2) {
    out.append("<line class=\"").append(style).append("\" x1=\"").append(px(x1)).append("\" x2=\"").append(px(x2)).append("\" y1=\"")
        .append(px(y1)).append("\" y2=\"").append(px(y2)).append("\"/>\n");
  }

  private static void text(StringBuilder out, String anchor, double x, double y, String text) {
    out.append("<text class=\"tick\" text-anchor=\"").append(anchor).append("\" x=\"").append(px(x)).append("\" y=\"").append(px(y))
        .append("\">").append(escape(text)).append("</text>\n");
  }

  /// From values to places on the axis.
  private record Scale(double low, double high, double left, double right) {
    static Scale of(List<Row> rows, double left, double right) {
      double[] all = rows.stream().flatMapToDouble(row -> DoubleStream.concat(Arrays.stream(row.points()),
          row.error() > 0 ? DoubleStream.of(row.mean() - row.error(), row.mean() + row.error()) : DoubleStream.empty())).toArray();
      double low = Arrays.stream(all).min().orElse(0);
      double high = Arrays.stream(all).max().orElse(1);
      double pad = high > low ? 0.05 * (high - low) : Math.max(1e-9, 0.05 * Math.abs(low));
      return new Scale(low - pad, high + pad, left, right);
    }

    double x(double value) {
      return left + (value - low) / (high - low) * (right - left);
    }
  }
}
