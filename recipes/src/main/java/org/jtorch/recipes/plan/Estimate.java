package org.jtorch.recipes.plan;

import org.jspecify.annotations.Nullable;
import org.jtorch.train.ProcessMemory;

/// What a workload takes, worked out from a short step of a sample of it.
///
/// @param gradientSeconds forward and backward of a micro-batch
/// @param updateSeconds gradient norm and AdamW, once a step
/// @param share of the cores that this process had meanwhile; times of a machine without other work are shorter by it
/// @param activations bytes that a micro-batch keeps for its backward
/// @param passing bytes that come and go while it runs: a chunk of logits, gradients on their way
/// @param base bytes of the JVM and of libtorch's code and threads
/// @param sample what was measured; null if nothing small enough was found
public record Estimate(double gradientSeconds, double updateSeconds, double share, ModelBytes model, long activations, long passing, long base,
    @Nullable Workload sample) {
  /// Share of the matrix-product peak taken for a model that cannot be measured.
  private static final double USUAL_SHARE = 0.4;
  /// Seconds of a micro-batch from which no second one is measured.
  private static final double PATIENCE = 2;
  /// Text, tokenizer and logs of a run on the Java heap, which a plan does not have.
  private static final long DATA = 100_000_000;
  /// Freed blocks that fit no later one, as a share of what is in use.
  private static final double UNUSABLE = 0.05;

  /// Measures for some seconds.
  ///
  /// @param flops operations a second that matrix products reach
  /// @param memory bytes that are free
  public static Estimate of(Workload w, double flops, long memory) {
    long base = w.device().isCuda() ? 0 : Math.max(0, ProcessMemory.resident() - Math.max(0, ShortStep.inUse(w.device()))) + DATA;
    var model = ModelBytes.of(w.shape(), w.dtype(), w.accumulate());
    var sample = Sample.of(w, flops, memory);
    if (sample == null) {
      double seconds = w.flops() / (flops * USUAL_SHARE);
      return new Estimate(seconds, 0, 1, model, Activations.kept(w), Activations.loss(w), base, null);
    }
    var most = ShortStep.measure(sample);
    boolean whole = sample.shape().equals(w.shape());
    var least = whole || sample.shape().layers() < 2 || most.gradientSeconds() > PATIENCE ? null : ShortStep.measure(sample.withShape(Sample.layers(sample.shape(), 1)));
    return new Estimate(gradientSeconds(w, sample, most, least), updateSeconds(w, sample, most), most.share(), model,
        kept(w, sample, most, least),
        passing(w, sample, most), base, sample);
  }

  /// Rows count in proportion. Layers do beside the rest, which the measurement of one layer tells from them; head and loss
  /// are nearly all of the rest and go with the vocabulary.
  private static double gradientSeconds(Workload w, Workload sample, ShortStep most, @Nullable ShortStep least) {
    double rows = (double) w.rows() / sample.rows();
    if (sample.shape().equals(w.shape())) {
      return most.gradientSeconds() * rows;
    }
    if (least == null) {
      return most.gradientSeconds() * w.flops() / sample.flops();
    }
    double layer = Math.max(0, most.gradientSeconds() - least.gradientSeconds()) / (sample.shape().layers() - 1);
    double rest = Math.max(0, least.gradientSeconds() - layer) * w.shape().vocab() / sample.shape().vocab();
    return (rest + layer * w.shape().layers()) * rows;
  }

  private static double updateSeconds(Workload w, Workload sample, ShortStep most) {
    return most.updateSeconds() * w.shape().parameterCount() / sample.shape().parameterCount();
  }

  private static long kept(Workload w, Workload sample, ShortStep most, @Nullable ShortStep least) {
    if (most.keptBytes() < 0) {
      return Activations.kept(w);
    }
    int layers = sample.shape().layers();
    double layer = least == null ? (double) most.keptBytes() / layers : (double) (most.keptBytes() - least.keptBytes()) / (layers - 1);
    return Math.round((most.keptBytes() + layer * (w.shape().layers() - layers)) * w.rows() / sample.rows());
  }

  private static long passing(Workload w, Workload sample, ShortStep most) {
    if (most.peakBytes() < 0) {
      return Activations.loss(w);
    }
    long here = ModelBytes.of(sample.shape(), w.dtype(), w.accumulate()).total();
    long beside = Math.max(0, most.peakBytes() - here - most.keptBytes() - Activations.loss(sample));
    return Activations.loss(w) + beside * w.rows() / sample.rows();
  }

  /// Bytes in all.
  public long bytes() {
    return base + Math.round((model.total() + activations + passing) * (1 + UNUSABLE));
  }

  /// One optimizer step.
  public double stepSeconds(int accumulate) {
    return accumulate * gradientSeconds + updateSeconds;
  }
}
