package org.jtorch.recipes.report;

import static org.jtorch.recipes.report.Markup.escape;
import static org.jtorch.recipes.report.Markup.px;

import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.SequencedMap;

/// Reward against distance: models between a first one and a last one, as a table and a picture.
public final class FrontChart {
  private static final double LEFT = 52;
  private static final double RIGHT = 30;
  private static final double TOP = 34;
  private static final double BOTTOM = 40;
  private static final int WIDTH = 560;
  private static final int HEIGHT = 320;

  private FrontChart() {}

  /// @param points by their η, from the first model on: KL in nats and reward
  public static String html(String title, SequencedMap<String, double[]> points) {
    var out = new StringBuilder("<table>\n<tr><th>\u03b7</th><th>KL</th><th>reward</th></tr>\n");
    points.forEach((eta, p) -> out.append(String.format(Locale.ROOT, "<tr><td>%s</td><td>%.3f</td><td>%.4f</td></tr>\n", escape(eta), p[0], p[1])));
    return out.append("</table>\n").append(svg(title, points)).toString();
  }

  private static String svg(String title, SequencedMap<String, double[]> points) {
    var series = new Series("front", Series.Kind.LINE, points.values().stream().map(p -> new Series.Point(p[0], p[1])).toList());
    var axes = Axes.of(List.of(series), LEFT, WIDTH - RIGHT, TOP, HEIGHT - BOTTOM);
    var out = new StringBuilder("<svg class=\"chart\" role=\"img\" viewBox=\"0 0 ").append(WIDTH).append(' ').append(HEIGHT)
        .append("\" aria-label=\"").append(escape(title)).append("\">\n<text class=\"title\" x=\"12\" y=\"20\">").append(escape(title))
        .append("<tspan class=\"unit\" dx=\"6\">reward</tspan></text>\n");
    LineChart.grid(out, axes, "KL from the first model, nats of an answer");
    out.append("<polyline class=\"line\" points=\"");
    series.points().forEach(p -> out.append(px(axes.x(p.x()))).append(',').append(px(axes.y(p.y()))).append(' '));
    out.append("\"/>\n");
    points.entrySet().forEach(point -> dot(out, axes, point));
    return out.append("</svg>\n").toString();
  }

  private static void dot(StringBuilder out, Axes axes, Map.Entry<String, double[]> point) {
    double x = axes.x(point.getValue()[0]);
    double y = axes.y(point.getValue()[1]);
    out.append("<circle class=\"dots\" r=\"3\" cx=\"").append(px(x)).append("\" cy=\"").append(px(y)).append("\"/>\n");
    LineChart.text(out, "start", x + 6, y + 12, "\u03b7 = " + point.getKey());
  }
}
