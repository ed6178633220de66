package org.jtorch.recipes.report;

import static org.jtorch.recipes.report.Markup.escape;
import static org.jtorch.recipes.report.Markup.px;

import java.util.List;
import java.util.Locale;

/// A chart of values over training steps, as SVG.
///
/// @param id unique within a page; letters only
/// @param unit what the vertical axis counts
record LineChart(String id, String title, String unit, List<Series> series) {
  private static final double LEFT = 52;
  private static final double RIGHT = 14;
  private static final double TOP = 34;
  private static final double BOTTOM = 40;
  private static final int HOVERS = 80;

  /// The picture for a page that brings the style.
  /// The same with letters before its id, in a page that has several of its kind.
  LineChart within(String letters) {
    return new LineChart(letters + id, title, unit, series);
  }

  String inline(int width, int height) {
    return svg(width, height, "role=\"img\"", "");
  }

  /// The picture as a file of its own.
  String standalone(int width, int height) {
    String attributes = "xmlns=\"http://www.w3.org/2000/svg\" width=\"" + width + "\" height=\"" + height + "\"";
    return svg(width, height, attributes, "<style>" + ReportStyle.COLOURS + ReportStyle.CHART + "</style>\n"
        + "<rect class=\"paper\" width=\"" + width + "\" height=\"" + height + "\" rx=\"8\"/>\n");
  }

  private String svg(int width, int height, String attributes, String head) {
    var axes = Axes.of(series, LEFT, width - RIGHT, TOP, height - BOTTOM);
    var out = new StringBuilder();
    out.append("<svg class=\"chart\" ").append(attributes)
        .append(" viewBox=\"0 0 ").append(width).append(' ').append(height).append("\" aria-label=\"")
        .append(escape(title)).append("\">\n").append(head);
    out.append("<text class=\"title\" x=\"12\" y=\"20\">").append(escape(title))
        .append("<tspan class=\"unit\" dx=\"6\">").append(escape(unit)).append("</tspan></text>\n");
    if (series.stream().allMatch(s -> s.points().isEmpty())) {
      return out.append("<text class=\"tick\" text-anchor=\"middle\" x=\"").append(width / 2).append("\" y=\"")
          .append(height / 2).append("\">no data yet</text>\n</svg>\n").toString();
    }
    grid(out, axes, "step");
    out.append("<clipPath id=\"clip-").append(id).append("\"><rect x=\"").append(px(axes.left())).append("\" y=\"")
        .append(px(axes.top() - 4)).append("\" width=\"").append(px(axes.right() - axes.left() + 6)).append("\" height=\"")
        .append(px(axes.bottom() - axes.top() + 8)).append("\"/></clipPath>\n<g clip-path=\"url(#clip-").append(id)
        .append(")\">\n");
    series.forEach(s -> draw(out, axes, s));
    out.append("</g>\n");
    legend(out, axes);
    hovers(out, axes);
    return out.append("</svg>\n").toString();
  }

  /// @param below what the horizontal axis counts
  static void grid(StringBuilder out, Axes axes, String below) {
    var ys = Ticks.between(axes.minY(), axes.maxY(), 5);
    for (double v : ys.values()) {
      String y = px(axes.y(v));
      out.append("<line class=\"grid\" x1=\"").append(px(axes.left())).append("\" x2=\"").append(px(axes.right()))
          .append("\" y1=\"").append(y).append("\" y2=\"").append(y).append("\"/>");
      text(out, "end", axes.left() - 7, axes.y(v) + 3.5, ys.label(v));
    }
    var xs = Ticks.between(axes.minX(), axes.maxX(), 6);
    for (double v : xs.values()) {
      text(out, "middle", axes.x(v), axes.bottom() + 16, xs.label(v));
    }
    out.append("<line class=\"axis\" x1=\"").append(px(axes.left())).append("\" x2=\"").append(px(axes.right()))
        .append("\" y1=\"").append(px(axes.bottom())).append("\" y2=\"").append(px(axes.bottom())).append("\"/>");
    text(out, "middle", (axes.left() + axes.right()) / 2, axes.bottom() + 32, below);
    if (axes.clipped() > 0) {
      text(out, "end", axes.right(), axes.bottom() + 32, axes.clipped() + " above the top");
    }
  }

  static void text(StringBuilder out, String anchor, double x, double y, String text) {
    out.append("<text class=\"tick\" text-anchor=\"").append(anchor).append("\" x=\"").append(px(x)).append("\" y=\"")
        .append(px(y)).append("\">").append(escape(text)).append("</text>\n");
  }

  private static void draw(StringBuilder out, Axes axes, Series s) {
    String style = s.kind().name().toLowerCase(Locale.ROOT);
    if (s.kind() != Series.Kind.RAW && s.points().size() < 60 && (s.kind() == Series.Kind.DOTS || s.points().size() == 1)) {
      for (var p : s.points()) {
        out.append("<circle class=\"").append(style).append("\" r=\"3\" cx=\"").append(px(axes.x(p.x())))
            .append("\" cy=\"").append(px(axes.y(p.y()))).append("\"/>\n");
      }
    }
    out.append("<polyline class=\"").append(style).append("\" points=\"");
    for (var p : s.thinned((int) (axes.right() - axes.left()))) {
      out.append(px(axes.x(p.x()))).append(',').append(px(axes.y(p.y()))).append(' ');
    }
    out.append("\"/>\n");
  }

  /// Names in the top right corner, where there is more than one.
  private void legend(StringBuilder out, Axes axes) {
    double x = axes.right();
    for (Series s : series.size() > 1 ? series.reversed() : List.<Series>of()) {
      x -= 6.2 * s.name().length();
      text(out, "start", x, 20, s.name());
      x -= 20;
      out.append("<line class=\"").append(s.kind().name().toLowerCase(Locale.ROOT)).append(" key\" x1=\"").append(px(x))
          .append("\" x2=\"").append(px(x + 14)).append("\" y1=\"16\" y2=\"16\"/>\n");
      x -= 12;
    }
  }

  /// Invisible strips that show their step and value under the pointer: no script needed.
  private void hovers(StringBuilder out, Axes axes) {
    Series main = series.stream().filter(s -> s.kind() != Series.Kind.RAW && !s.points().isEmpty()).findFirst()
        .orElse(series.getFirst());
    int n = main.points().size();
    int count = Math.min(HOVERS, n);
    double strip = (axes.right() - axes.left()) / Math.max(1, count);
    var scale = Ticks.between(axes.minY(), axes.maxY(), 2000);
    for (int i = 0; i < count; i++) {
      var p = main.points().get((int) ((long) (n - 1) * i / Math.max(1, count - 1)));
      double x = axes.x(p.x());
      boolean onLeft = x < (axes.left() + axes.right()) / 2;
      out.append("<g class=\"hit\"><rect x=\"").append(px(x - strip / 2)).append("\" y=\"").append(px(axes.top()))
          .append("\" width=\"").append(px(strip)).append("\" height=\"").append(px(axes.bottom() - axes.top()))
          .append("\"/><line x1=\"").append(px(x)).append("\" x2=\"").append(px(x)).append("\" y1=\"")
          .append(px(axes.top())).append("\" y2=\"").append(px(axes.bottom())).append("\"/><circle r=\"3.5\" cx=\"")
          .append(px(x)).append("\" cy=\"").append(px(axes.y(p.y()))).append("\"/>");
      text(out, onLeft ? "start" : "end", onLeft ? x + 7 : x - 7, axes.top() + 12,
          String.format(Locale.ROOT, "step %,d: %s", Math.round(p.x()), scale.label(p.y())));
      out.append("</g>\n");
    }
  }
}
