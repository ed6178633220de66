package org.jtorch.recipes.report;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.List;
import java.util.function.IntToDoubleFunction;
import java.util.stream.IntStream;
import org.jtorch.recipes.report.Series.Kind;
import org.jtorch.recipes.report.Series.Point;
import org.junit.jupiter.api.Test;

class SeriesTest {
  private static Series of(int n, IntToDoubleFunction y) {
    return new Series("s", Kind.RAW, IntStream.range(0, n).mapToObj(i -> new Point(i, y.applyAsDouble(i))).toList());
  }

  @Test
  void pointsThatAreNotFiniteAreLeftOut() {
    assertThat(of(3, i -> i == 1 ? Double.NaN : i).points()).extracting(Point::x).containsExactly(0.0, 2.0);
  }

  @Test
  void smoothingKeepsALineAndItsPlace() {
    var smooth = of(1000, i -> 5 - 0.004 * i).smoothed("t").points();
    assertThat(smooth.get(500).y()).as("no lag in the middle").isCloseTo(3.0, within(1e-3));
    assertThat(of(100, _ -> 2).smoothed("t").points()).allSatisfy(p -> assertThat(p.y()).isCloseTo(2, within(1e-12)));
  }

  @Test
  void smoothingTakesAwayMostNoise() {
    var smooth = of(1000, i -> i % 2 == 0 ? 1 : -1).smoothed("t").points();
    assertThat(smooth.subList(100, 900)).allSatisfy(p -> assertThat(Math.abs(p.y())).isLessThan(0.1));
  }

  @Test
  void thinningKeepsSpikesAndOrder() {
    List<Point> thin = of(10_000, i -> i == 7777 ? 100 : i == 3333 ? -100 : 0).thinned(200);
    assertThat(thin).hasSizeLessThanOrEqualTo(400).contains(new Point(7777, 100), new Point(3333, -100));
    assertThat(thin).isSortedAccordingTo((a, b) -> Double.compare(a.x(), b.x()));
  }

  @Test
  void rareSpikeIsClippedAndCounted() {
    var axes = Axes.of(List.of(of(1000, i -> i == 500 ? 1e6 : 1 + i % 3)), 0, 100, 0, 100);
    assertThat(axes.clipped()).isEqualTo(1);
    assertThat(axes.maxY()).isLessThan(10);
    assertThat(axes.y(1e6)).isEqualTo(-50);
  }

  @Test
  void axesOfNothingAndOfOnePointAreUsable() {
    var none = Axes.of(List.of(of(0, _ -> 0)), 0, 100, 0, 100);
    assertThat(none.maxX()).isGreaterThan(none.minX());
    var one = Axes.of(List.of(of(1, _ -> 0)), 0, 100, 0, 100);
    assertThat(one.maxX()).isGreaterThan(one.minX());
    assertThat(one.maxY()).isGreaterThan(one.minY());
    assertThat(one.x(0)).isFinite();
  }
}
