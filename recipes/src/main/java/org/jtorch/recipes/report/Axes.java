package org.jtorch.recipes.report;

import java.util.List;
import java.util.stream.DoubleStream;

/// The part of the plane a chart shows, and where its points fall on the picture.
///
/// @param clipped how many points lie above the top: a rare spike does not flatten the whole curve
record Axes(double left, double right, double top, double bottom,
    double minX, double maxX, double minY, double maxY, long clipped) {

  /// What a chart shows at least, as a share of its values: noise around a level should look like a level.
  private static final double LEAST_RANGE = 0.1;

  static Axes of(List<Series> series, double left, double right, double top, double bottom) {
    double maxX = points(series, true).max().orElse(1);
    double minX = Math.min(points(series, true).min().orElse(0), maxX);
    double[] sorted = points(series, false).sorted().toArray();
    if (sorted.length == 0) {
      return new Axes(left, right, top, bottom, 0, 1, 0, 1, 0);
    }
    double most = robustTop(sorted);
    double missing = Math.max(0, LEAST_RANGE * Math.max(Math.abs(most), Math.abs(sorted[0])) - (most - sorted[0]));
    double low = sorted[0] - missing / 2;
    double high = most + missing / 2;
    double pad = Math.max(0.05 * (high - low), 1e-9);
    double minY = low >= 0 && low < 0.1 * high ? 0 : low - pad;
    double maxY = high + pad;
    long clipped = DoubleStream.of(sorted).filter(y -> y > maxY).count();
    double start = minX <= 1 || minX < 0.1 * maxX ? 0 : minX;
    return new Axes(left, right, top, bottom, start, maxX > start ? maxX : start + 1, minY, maxY, clipped);
  }

  /// The largest value, or 1.5 times the 99th percentile where the largest is more than three times that.
  private static double robustTop(double[] sorted) {
    double max = sorted[sorted.length - 1];
    double usual = sorted[(int) (0.99 * (sorted.length - 1))];
    return sorted.length >= 50 && usual > 0 && max > 3 * usual ? 1.5 * usual : max;
  }

  private static DoubleStream points(List<Series> series, boolean x) {
    return series.stream().flatMap(s -> s.points().stream()).mapToDouble(p -> x ? p.x() : p.y());
  }

  double x(double value) {
    return left + (value - minX) / (maxX - minX) * (right - left);
  }

  /// Values above the top stay within reach of the clip, so that no coordinate grows without bound.
  double y(double value) {
    return Math.max(top - 50, bottom - (value - minY) / (maxY - minY) * (bottom - top));
  }
}
