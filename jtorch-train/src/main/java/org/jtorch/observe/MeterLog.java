package org.jtorch.observe;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.ToDoubleFunction;

/// A run as Micrometer meters, for whatever registry the program has (Prometheus, OTLP, JMX, ...).
public final class MeterLog implements StepListener {
  private final Pace pace = new Pace(System::nanoTime);
  private final MeterRegistry registry;
  private final Map<String, Double> figures = new ConcurrentHashMap<>();
  private final Counter tokens;
  private final Counter steps;
  private final Counter skipped;
  private final Timer stepTimer;
  private final Timer saveTimer;
  private volatile Reading reading = new Reading(Double.NaN, Double.NaN, Double.NaN, Double.NaN, Double.NaN, 0, 0, 0, 0);
  private volatile double bitsPerByte = Double.NaN;

  /// What the gauges show, exchanged as a whole so that a scrape never mixes two steps.
  private record Reading(
      double loss, double gradNorm, double learningRate, double tokensPerSecond, double peakFraction,
      long liveTensors, long nativeObjects, long residentBytes, long deviceBytes) {}

  private MeterLog(MeterRegistry registry) {
    this.registry = registry;
    tokens = Counter.builder("jtorch.tokens").description("Tokens trained on").register(registry);
    steps = Counter.builder("jtorch.steps").description("Optimizer steps").register(registry);
    skipped = Counter.builder("jtorch.steps.skipped").description("Steps left out").register(registry);
    stepTimer = Timer.builder("jtorch.step").description("Time of a step").register(registry);
    saveTimer = Timer.builder("jtorch.save").description("Time to write a checkpoint").register(registry);
  }

  /// Registers the `jtorch.*` meters and keeps them up to date.
  public static MeterLog bind(MeterRegistry registry) {
    var log = new MeterLog(registry);
    log.gauge(registry, "jtorch.loss", "Training loss of the last step", Reading::loss);
    log.gauge(registry, "jtorch.grad.norm", "Gradient norm before clipping", Reading::gradNorm);
    log.gauge(registry, "jtorch.learning.rate", "Learning rate of the last step", Reading::learningRate);
    log.gauge(registry, "jtorch.tokens.per.second", "Smoothed training rate", Reading::tokensPerSecond);
    log.gauge(registry, "jtorch.peak.fraction", "Part of the measured matrix-product peak", Reading::peakFraction);
    log.gauge(registry, "jtorch.live.tensors", "Tensors alive after the last step", Reading::liveTensors);
    log.gauge(registry, "jtorch.native.objects", "Native objects held after the last step", Reading::nativeObjects);
    log.gauge(registry, "jtorch.resident.bytes", "Resident memory of the process", Reading::residentBytes);
    log.gauge(registry, "jtorch.device.bytes", "Peak of tensors' memory on the device", Reading::deviceBytes);
    Gauge.builder("jtorch.val.bits.per.byte", log, l -> l.bitsPerByte)
        .description("Bits per byte of the last evaluation").strongReference(true).register(registry);
    return log;
  }

  private void gauge(MeterRegistry registry, String name, String description, ToDoubleFunction<Reading> value) {
    Gauge.builder(name, this, log -> value.applyAsDouble(log.reading))
        .description(description).strongReference(true).register(registry);
  }

  @Override
  public void onStart(RunStart start) {
    pace.started(start);
  }

  @Override
  public void onStep(StepEvent e) {
    pace.stepped(e);
    tokens.increment((double) e.tokens());
    steps.increment();
    if (e.skipped()) {
      skipped.increment();
    }
    stepTimer.record(duration(e.seconds()));
    reading = new Reading(e.loss(), e.gradNorm(), e.learningRate(), pace.tokensPerSecond(), pace.peakFraction(),
        e.liveTensors(), e.nativeObjects(), e.residentBytes(), e.deviceBytes());
    e.figures().forEach((name, value) -> show("jtorch.figure", name, value));
  }

  @Override
  public void onEval(EvalEvent e) {
    bitsPerByte = e.bitsPerByte();
    e.figures().forEach((name, value) -> show("jtorch.val.figure", name, value));
  }

  /// A figure of this trainer's own: a gauge that its first value registers, told apart by the tag `name`.
  private void show(String meter, String name, double value) {
    String key = meter + "/" + name;
    if (figures.put(key, value) == null) {
      Gauge.builder(meter, figures, f -> f.getOrDefault(key, Double.NaN)).tag("name", name)
          .description("A figure of this trainer").strongReference(true).register(registry);
    }
  }

  @Override
  public void onSave(SaveEvent e) {
    saveTimer.record(duration(e.seconds()));
  }

  private static Duration duration(double seconds) {
    return Duration.ofNanos((long) (seconds * 1e9));
  }
}
