package org.jtorch.recipes.bench;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import org.jtorch.adapter.Lora;
import org.jtorch.adapter.LoraConfig;
import org.jtorch.adapter.Targets;
import org.jtorch.align.chats.AnswerRow;
import org.jtorch.align.preference.Dpo;
import org.jtorch.align.preference.DpoTrainer;
import org.jtorch.align.preference.PreferencePair;
import org.jtorch.align.preference.Reference;
import org.jtorch.data.Batch;
import org.jtorch.data.Collator;
import org.jtorch.data.ExampleBatches;
import org.jtorch.decoder.Decoder;
import org.jtorch.optim.AdamW;
import org.jtorch.optim.Optimizer;
import org.jtorch.optim.Schedule;
import org.jtorch.tensor.Rng;
import org.jtorch.train.ProcessMemory;
import org.jtorch.train.TrainOptions;

/// Speed of tuning a model on random tokens, as the peers measure it.
public final class TuningBenchmarks {
  private TuningBenchmarks() {}

  /// One step of DPO with a frozen reference beside the policy: pairs of rows of `seq` tokens, of which the first half is their prompt.
  public static ObjectNode dpo(Benchmarks.Settings s) {
    var shape = BenchSize.named(s.size()).shape();
    var pairs = pairs(shape.vocab(), s);
    try (var policy = Decoder.create(shape, s.device(), s.dtype(), Rng.of(0))) {
      policy.requiresGrad(true);
      try (var reference = Reference.frozenCopyOf(policy); var optimizer = AdamW.over(policy.parameters(), 0, AdamW.Options.DEFAULT)) {
        var options = DpoTrainer.Options.of(new Dpo(0.1), new Collator(s.seq(), 1), TrainOptions.of(1, 1e-6, new Schedule.Constant(0)));
        var trainer = new DpoTrainer(policy, reference, optimizer, new ExampleBatches<>(0, s.batch(), pairs, List::copyOf), options);
        double seconds = Timing.median(() -> {
          var _ = trainer.gradients(pairs);
          step(optimizer, 1e-6);
        }, s.warmup(), s.steps());
        return Benchmarks.line("dpo", s).put("seq", s.seq()).put("step_s", Benchmarks.round(seconds, 4))
            .put("pairs_per_s", Benchmarks.round(s.batch() / seconds, 2)).put("peak_rss_mb", ProcessMemory.peak() >> 20);
      }
    }
  }

  private static List<PreferencePair> pairs(int vocab, Benchmarks.Settings s) {
    var random = new Random(0);
    int half = s.seq() / 2;
    return IntStream.range(0, s.batch()).mapToObj(_ -> {
      long[] prompt = random.longs(half, 2, vocab).toArray();
      return new PreferencePair(AnswerRow.of(prompt, random.longs(s.seq() - half, 2, vocab).toArray()),
          AnswerRow.of(prompt, random.longs(s.seq() - half, 2, vocab).toArray()));
    }).toList();
  }

  /// One step of LoRA on all matrices of the layers, over a frozen model; the second half of each row is learned.
  public static ObjectNode lora(Benchmarks.Settings s, int rank) {
    var shape = BenchSize.named(s.size()).shape();
    try (var model = Decoder.create(shape, s.device(), s.dtype(), Rng.of(0));
         var lora = Lora.apply(model, LoraConfig.of(rank, 2 * rank, new Targets.AllLinear()), Rng.of(1));
         var optimizer = AdamW.over(lora.parameters(), 0, AdamW.Options.DEFAULT)) {
      var step = new RandomStep(model, secondHalf(RandomStep.batch(shape.vocab(), s.batch(), s.seq(), s.seq())), false, 0);
      double seconds = Timing.median(() -> {
        step.gradients(() -> { });
        step(optimizer, 1e-4);
      }, s.warmup(), s.steps());
      return Benchmarks.line("lora", s).put("seq", s.seq()).put("rank", rank).put("step_s", Benchmarks.round(seconds, 4))
          .put("tokens_per_s", Math.round((long) s.batch() * s.seq() / seconds)).put("peak_rss_mb", ProcessMemory.peak() >> 20);
    }
  }

  private static Batch secondHalf(Batch all) {
    int half = all.seqLen() / 2;
    long[] targets = IntStream.range(0, all.targets().length).mapToLong(i -> i % all.seqLen() + 1 < half ? Batch.IGNORE : all.targets()[i]).toArray();
    long trained = LongStream.of(targets).filter(t -> t != Batch.IGNORE).count();
    return new Batch(all.rows(), all.seqLen(), all.tokens(), targets, all.segmentIds(), all.positions(), trained);
  }

  private static void step(Optimizer optimizer, double rate) {
    double norm = optimizer.clipAndStep(rate, 1.0);
    if (!Double.isFinite(norm)) {
      throw new IllegalStateException("the gradient norm became " + norm);
    }
  }
}
