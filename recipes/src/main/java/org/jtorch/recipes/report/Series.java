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

  /// An exponential average without a pull towards zero at the start; its half-life is 1/60 of the curve, at least 3 points.
  Series smoothed(String newName) {
    double keep = Math.pow(0.5, 1 / Math.max(3.0, points.size() / 60.0));
    List<Point> out = new ArrayList<>(points.size());
    double sum = 0;
    double weight = 0;
    for (Point p : points) {
      sum = keep * sum + p.y();
      weight = keep * weight + 1;
      out.add(new Point(p.x(), sum / weight));
    }
    return new Series(newName, Kind.LINE, out);
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
