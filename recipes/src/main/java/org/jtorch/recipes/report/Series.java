package org.jtorch.recipes.report;

import java.util.ArrayList;
import java.util.List;

/// One line or set of points in a chart. Points whose value is not finite are left out.
///
/// @param kind how it is drawn, and which style class it gets
record Series(String name, Kind kind, List<Point> points) {
  record Point(double x, double y) {}

  enum Kind { RAW, LINE, DOTS }

  Series {
    points = points.stream().filter(p -> Double.isFinite(p.x()) && Double.isFinite(p.y())).toList();
  }

  /// The mean of an exponential average from the left and one from the right, so that the smooth curve lies on the raw
  /// one and not behind it. Half-life: 1/100 of the curve, at least 2 points.
  Series smoothed(String newName) {
    int n = points.size();
    double keep = Math.pow(0.5, 1 / Math.max(2.0, n / 100.0));
    double[] sums = new double[n];
    double[] weights = new double[n];
    sweep(0, 1, keep, sums, weights);
    sweep(n - 1, -1, keep, sums, weights);
    List<Point> out = new ArrayList<>(n);
    for (int i = 0; i < n; i++) {
      out.add(new Point(points.get(i).x(), sums[i] / weights[i]));
    }
    return new Series(newName, Kind.LINE, out);
  }

  private void sweep(int from, int direction, double keep, double[] sums, double[] weights) {
    double sum = 0;
    double weight = 0;
    for (int i = from; i >= 0 && i < sums.length; i += direction) {
      sum = keep * sum + points.get(i).y();
      weight = keep * weight + 1;
      sums[i] += sum;
      weights[i] += weight;
    }
  }

  /// At most two points per bucket, its lowest and its highest, so that a long run stays a small file and keeps its spikes.
  List<Point> thinned(int buckets) {
    int n = points.size();
    if (n <= 2 * buckets) {
      return points;
    }
    List<Point> out = new ArrayList<>(2 * buckets);
    for (int b = 0; b < buckets; b++) {
      int from = (int) ((long) n * b / buckets);
      int to = (int) ((long) n * (b + 1) / buckets);
      int low = from;
      int high = from;
      for (int i = from; i < to; i++) {
        low = points.get(i).y() < points.get(low).y() ? i : low;
        high = points.get(i).y() > points.get(high).y() ? i : high;
      }
      out.add(points.get(Math.min(low, high)));
      if (low != high) {
        out.add(points.get(Math.max(low, high)));
      }
    }
    return out;
  }
}
