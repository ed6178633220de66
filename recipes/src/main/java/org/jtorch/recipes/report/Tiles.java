package org.jtorch.recipes.report;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import org.jtorch.observe.EvalEvent;
import org.jtorch.observe.MetricsFile;
import org.jtorch.observe.StepEvent;
import org.jtorch.observe.Units;

/// The numbers at the top of the page.
final class Tiles {
  /// @param more a line of small print, may be empty
  record Tile(String name, String value, String more) {}

  private static final String UNKNOWN = "–";

  private final MetricsFile metrics;

  Tiles(MetricsFile metrics) {
    this.metrics = metrics;
  }

  List<Tile> all() {
    List<Tile> tiles = new ArrayList<>();
    tiles.add(loss());
    evalTiles(tiles);
    tiles.add(speed());
    double seconds = trainingSeconds();
    tiles.add(new Tile("Training time", Units.time(seconds), "steps and checkpoints"));
    long tokens = metrics.steps().stream().mapToLong(StepEvent::tokens).sum();
    tiles.add(new Tile("Tokens", Units.count((double) tokens), String.format(Locale.ROOT, "%,d", tokens)));
    if (!metrics.starts().isEmpty()) {
      long parameters = metrics.starts().getLast().parameters();
      tiles.add(new Tile("Parameters", Units.count((double) parameters), String.format(Locale.ROOT, "%,d", parameters)));
    }
    tiles.add(steps());
    tiles.add(memory());
    return tiles;
  }

  private Tile loss() {
    var points = new Curves(metrics).loss().series().get(1).points();
    return points.isEmpty()
        ? new Tile("Training loss", UNKNOWN, "")
        : new Tile("Training loss", decimals(3, points.getLast().y()), "smoothed, nats per token");
  }

  private void evalTiles(List<Tile> tiles) {
    if (metrics.evals().isEmpty()) {
      return;
    }
    EvalEvent last = metrics.evals().getLast();
    if (Double.isNaN(last.bitsPerByte())) {
      tiles.add(new Tile("Validation loss", decimals(4, last.loss()), "at step " + last.step()));
      return;
    }
    EvalEvent best = metrics.evals().stream().min(Comparator.comparingDouble(EvalEvent::bitsPerByte)).orElse(last);
    String more = best.step() == last.step()
        ? "best so far"
        : "best %s at step %s".formatted(decimals(4, best.bitsPerByte()), best.step());
    tiles.add(new Tile("Bits per byte", decimals(4, last.bitsPerByte()), more));
    tiles.add(new Tile("Perplexity", decimals(2, last.perplexity()), "loss " + decimals(3, last.loss())));
  }

  private Tile speed() {
    double seconds = metrics.steps().stream().mapToDouble(StepEvent::seconds).sum();
    double tokens = (double) metrics.steps().stream().mapToLong(StepEvent::tokens).sum();
    if (!(seconds > 0)) {
      return new Tile("Tokens per second", UNKNOWN, "");
    }
    double rate = tokens / seconds;
    double peak = metrics.starts().isEmpty() ? Double.NaN : metrics.starts().getLast().peakFraction(rate);
    return new Tile("Tokens per second", Units.count(rate),
        Double.isNaN(peak) ? "mean" : Units.percent(peak) + " of matrix peak");
  }

  /// Summed over the steps kept, so that a run stopped and resumed counts what its curve shows.
  private double trainingSeconds() {
    return metrics.steps().stream().mapToDouble(StepEvent::seconds).sum()
        + metrics.saves().stream().mapToDouble(s -> s.seconds()).sum();
  }

  private Tile steps() {
    if (metrics.steps().isEmpty()) {
      return new Tile("Steps", "0", "");
    }
    StepEvent last = metrics.steps().getLast();
    long skipped = metrics.steps().stream().filter(StepEvent::skipped).count();
    return new Tile("Steps", String.format(Locale.ROOT, "%,d", last.step()),
        String.format(Locale.ROOT, "of %,d, %d skipped", last.totalSteps(), skipped));
  }

  private Tile memory() {
    long bytes = metrics.steps().stream().mapToLong(StepEvent::residentBytes).max().orElse(0);
    long device = metrics.steps().stream().mapToLong(StepEvent::deviceBytes).max().orElse(0);
    return new Tile("Peak memory", bytes > 0 ? Units.bytes(bytes) : UNKNOWN,
        device > 0 ? "resident, and " + Units.bytes(device) + " on the device" : "resident");
  }

  private static String decimals(int digits, double value) {
    return String.format(Locale.ROOT, "%." + digits + "f", value);
  }
}
