package org.jtorch.recipes.bench;

import com.fasterxml.jackson.databind.node.ObjectNode;
import org.jtorch.data.Batch;
import org.jtorch.data.SparseRows;
import org.jtorch.decoder.Decoder;
import org.jtorch.decoder.DecoderConfig;
import org.jtorch.distill.Teaching;
import org.jtorch.loss.Distillation;
import org.jtorch.loss.Divergence;
import org.jtorch.loss.SparseDistillation.Target;
import org.jtorch.optim.AdamW;
import org.jtorch.tensor.Rng;
import org.jtorch.train.BatchLoss;
import org.jtorch.train.ProcessMemory;

/// Speed of a student's training: forward divergence from a teacher beside it, over the whole vocabulary, as the peer measures it;
/// or from 64 tokens of a captured one.
public final class DistillBenchmark {
  /// The name that stands for a teacher that was captured.
  public static final String CAPTURED = "captured";
  private static final int KEPT = 64;

  private DistillBenchmark() {}

  /// One step: the teacher's forward, the student's forward and backward, clip to norm 1, AdamW.
  ///
  /// @param teacher a size, or [#CAPTURED]
  public static ObjectNode run(Benchmarks.Settings s, String teacher) {
    var shape = BenchSize.named(s.size()).shape();
    Batch batch = RandomStep.batch(shape.vocab(), s.batch(), s.seq(), s.seq());
    if (teacher.equals(CAPTURED)) {
      return measure(s, shape, teacher, batch.with(known(batch, shape.vocab())), Teaching.captured(Target.RENORM));
    }
    var larger = BenchSize.named(teacher).shape();
    try (var model = Decoder.create(larger, s.device(), s.dtype(), Rng.of(1))) {
      return measure(s, shape, teacher, batch, Teaching.beside(model, t -> new Distillation(t, new Divergence.ForwardKl())));
    }
  }

  private static ObjectNode measure(Benchmarks.Settings s, DecoderConfig shape, String teacher, Batch batch, BatchLoss loss) {
    try (var student = Decoder.create(shape, s.device(), s.dtype(), Rng.of(0))) {
      student.requiresGrad(true);
      try (var optimizer = AdamW.over(student.parameters(), 0.1, AdamW.Options.DEFAULT)) {
        var step = new RandomStep(student, batch, false, 0, loss);
        double seconds = Timing.median(() -> {
          step.gradients(() -> { });
          double norm = optimizer.clipAndStep(3e-4, 1.0);
          if (!Double.isFinite(norm)) {
            throw new IllegalStateException("the gradient norm became " + norm);
          }
        }, s.warmup(), s.steps());
        return Benchmarks.line("distill", s).put("teacher", teacher).put("seq", s.seq()).put("step_s", Benchmarks.round(seconds, 4))
            .put("tokens_per_s", Math.round((long) s.batch() * s.seq() / seconds)).put("peak_rss_mb", ProcessMemory.peak() >> 20);
      }
    }
  }

  /// The same few tokens for each position, spread over the vocabulary.
  private static SparseRows known(Batch batch, int vocab) {
    int positions = batch.rows() * batch.seqLen();
    var known = new SparseRows(KEPT, new long[positions * KEPT], new float[positions * KEPT], new float[positions]);
    for (int i = 0; i < known.ids().length; i++) {
      int slot = i % KEPT;
      known.ids()[i] = ((long) i / KEPT + (long) slot * (vocab / KEPT)) % vocab;
      known.logProbs()[i] = (float) -Math.log(2.0 * (slot + 1) * (slot + 2));
    }
    return known;
  }
}
