package org.jtorch.recipes.bench;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.Random;
import java.util.Set;
import java.util.stream.LongStream;
import org.jtorch.data.Batch;
import org.jtorch.decoder.Decoder;
import org.jtorch.ffn.Routing;
import org.jtorch.generate.Generator;
import org.jtorch.generate.Options;
import org.jtorch.generate.Sampling;
import org.jtorch.loss.ChunkedCrossEntropy;
import org.jtorch.nn.Pass;
import org.jtorch.optim.AdamW;
import org.jtorch.tensor.DType;
import org.jtorch.tensor.Device;
import org.jtorch.tensor.GradTape;
import org.jtorch.tensor.Rng;
import org.jtorch.train.BatchTensors;
import org.jtorch.train.ProcessMemory;

/// Speed of training and generation on random tokens, one JSON object each.
public final class Benchmarks {
  /// @param steps timed steps; the figure is their median
  public record Settings(String size, int batch, int seq, int warmup, int steps, int prompt, int fresh, Device device, DType dtype) {}

  private Benchmarks() {}

  /// One step: forward, backward, clip to norm 1, AdamW. No data loading, no logging, as the peers measure it.
  public static ObjectNode pretrain(Settings s) {
    var shape = BenchSize.named(s.size()).shape();
    try (var model = Decoder.create(shape, s.device(), s.dtype(), Rng.of(0))) {
      model.requiresGrad(true);
      try (var optimizer = AdamW.over(model.parameters(), 0.1, AdamW.Options.DEFAULT)) {
        var batch = random(shape.vocab(), s.batch(), s.seq());
        double seconds = Timing.median(() -> {
          step(model, batch);
          double norm = optimizer.clipAndStep(3e-4, 1.0);
          if (!Double.isFinite(norm)) {
            throw new IllegalStateException("the gradient norm became " + norm);
          }
        }, s.warmup(), s.steps());
        long tokens = (long) s.batch() * s.seq();
        long n = model.parameterCount();
        long active = shape.activeParameterCount();
        return line("pretrain", s).put("seq", s.seq()).put("params", n).put("step_s", round(seconds, 4))
            .put("tokens_per_s", Math.round(tokens / seconds)).put("gflops", Math.round(6.0 * active * tokens / seconds / 1e9))
            .put("peak_rss_mb", ProcessMemory.peak() >> 20);
      }
    }
  }

  private static void step(Decoder model, Batch batch) {
    try (var tape = GradTape.open()) {
      var input = BatchTensors.of(batch, model.device());
      var routing = model.auxCoefficient() > 0 ? new Routing(tape.scope(), null, false) : null;
      var hidden = model.hidden(input.tokens(), Pass.training(tape).withRouting(routing), null);
      if (routing != null) {
        routing.trainWith(model.auxCoefficient());
      }
      double nll = new ChunkedCrossEntropy().backward(model, hidden, batch.targets(), 1.0 / batch.trainedTokens(), tape);
      if (Double.isNaN(nll)) {
        throw new IllegalStateException("the loss became NaN");
      }
    }
  }

  /// Sampled generation with a cache: top-k 50, top-p 0.95, temperature 1, no early stop.
  public static ObjectNode generate(Settings s) {
    var shape = BenchSize.named(s.size()).shape();
    try (var model = Decoder.create(shape, s.device(), s.dtype(), Rng.of(0))) {
      var random = new Random(0);
      var prompts = new ArrayList<long[]>();
      for (int i = 0; i < s.batch(); i++) {
        prompts.add(random.longs(s.prompt(), 0, shape.vocab()).toArray());
      }
      var options = new Options(s.fresh(), Sampling.temperature(1).withTopK(50).withTopP(0.95), Set.of(), 0, 0);
      var generator = new Generator(model);
      double seconds = Timing.median(() -> {
        if (generator.generate(prompts, options).size() != s.batch()) {
          throw new IllegalStateException("rows were lost");
        }
      }, 1, Math.max(3, s.steps() / 2));
      return line("generate", s).put("prompt", s.prompt()).put("new", s.fresh()).put("step_s", round(seconds, 4))
          .put("tokens_per_s", round(s.batch() * s.fresh() / seconds, 1)).put("peak_rss_mb", ProcessMemory.peak() >> 20);
    }
  }

  private static ObjectNode line(String bench, Settings s) {
    return JsonNodeFactory.instance.objectNode().put("bench", bench).put("peer", "jtorch-" + s.dtype())
        .put("size", s.size()).put("batch", s.batch());
  }

  /// Random rows whose targets are the next token, none for the last, as the peers' shifted labels.
  private static Batch random(int vocab, int rows, int seq) {
    long[] tokens = new Random(0).longs((long) rows * seq, 0, vocab).toArray();
    long[] targets = LongStream.range(0, tokens.length).map(i -> (i + 1) % seq == 0 ? Batch.IGNORE : tokens[(int) i + 1]).toArray();
    return new Batch(rows, seq, tokens, targets, new int[tokens.length], new int[tokens.length], (long) rows * (seq - 1));
  }

  private static double round(double value, int digits) {
    double scale = Math.pow(10, digits);
    return Math.round(value * scale) / scale;
  }
}
