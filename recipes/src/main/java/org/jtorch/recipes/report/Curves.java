package org.jtorch.recipes.report;

import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.function.ToDoubleFunction;
import org.jtorch.observe.EvalEvent;
import org.jtorch.observe.MetricsFile;
import org.jtorch.observe.StepEvent;

/// The charts of a run.
final class Curves {
  private final MetricsFile metrics;

  Curves(MetricsFile metrics) {
    this.metrics = metrics;
  }

  LineChart loss() {
    Series raw = steps("train", StepEvent::loss);
    return new LineChart("loss", "Loss", "nats per token", List.of(
        raw, raw.smoothed("smoothed"), evals("validation", EvalEvent::loss)));
  }

  LineChart bitsPerByte() {
    return new LineChart("bpb", "Bits per byte", "held-out text", List.of(evals("validation", EvalEvent::bitsPerByte)));
  }

  LineChart learningRate() {
    return new LineChart("lr", "Learning rate", "", List.of(line(steps("rate", StepEvent::learningRate))));
  }

  LineChart gradNorm() {
    Series raw = steps("norm", StepEvent::gradNorm);
    return new LineChart("grad", "Gradient norm", "before clipping", List.of(raw, raw.smoothed("smoothed")));
  }

  LineChart tokensPerSecond() {
    Series raw = steps("step", StepEvent::tokensPerSecond);
    return new LineChart("speed", "Speed", "tokens per second", List.of(raw, raw.smoothed("smoothed")));
  }

  /// A chart for each figure of the trainer's own, of steps and evaluations.
  List<LineChart> figures() {
    var names = new LinkedHashSet<String>();
    metrics.steps().forEach(e -> names.addAll(e.figures().keySet()));
    metrics.evals().forEach(e -> names.addAll(e.figures().keySet()));
    var charts = new ArrayList<LineChart>();
    for (String name : names) {
      Series raw = steps("train", e -> e.figures().getOrDefault(name, Double.NaN));
      charts.add(new LineChart("figure" + "x".repeat(charts.size()), name.replace('_', ' '), "", List.of(
          raw, raw.smoothed("smoothed"), evals("validation", e -> e.figures().getOrDefault(name, Double.NaN)))));
    }
    return charts;
  }

  List<LineChart> small() {
    var charts = new ArrayList<LineChart>();
    if (metrics.evals().isEmpty() || metrics.evals().stream().anyMatch(e -> Double.isFinite(e.bitsPerByte()))) {
      charts.add(bitsPerByte());
    }
    charts.addAll(List.of(learningRate(), gradNorm(), tokensPerSecond()));
    charts.addAll(figures());
    return charts;
  }

  private Series steps(String name, ToDoubleFunction<StepEvent> value) {
    return new Series(name, Series.Kind.RAW, metrics.steps().stream()
        .map(e -> new Series.Point(e.step(), value.applyAsDouble(e))).toList());
  }

  private Series evals(String name, ToDoubleFunction<EvalEvent> value) {
    return new Series(name, Series.Kind.DOTS, metrics.evals().stream()
        .map(e -> new Series.Point(e.step(), value.applyAsDouble(e))).toList());
  }

  private static Series line(Series raw) {
    return new Series(raw.name(), Series.Kind.LINE, raw.points());
  }
}
