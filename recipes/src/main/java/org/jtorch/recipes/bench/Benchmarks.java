package org.jtorch.recipes.bench;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.Random;
import java.util.Set;
import org.jtorch.decoder.Decoder;
import org.jtorch.generate.Generator;
import org.jtorch.generate.Options;
import org.jtorch.generate.Sampling;
import org.jtorch.optim.AdamW;
import org.jtorch.tensor.DType;
import org.jtorch.tensor.Device;
import org.jtorch.tensor.Rng;
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
        var step = new RandomStep(model, RandomStep.batch(shape.vocab(), s.batch(), s.seq(), s.seq()), false, 0);
        double seconds = Timing.median(() -> {
          step.gradients(() -> { });
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

  /// Sampled generation with a cache: top-k 50, top-p 0.95, temperature 1, no early stop.
  ///
  /// @param answers to each prompt, which runs once for all of them
  public static ObjectNode generate(Settings s, int answers) {
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
        int rows = answers == 1 ? generator.generate(prompts, options).size() : generator.sample(prompts, answers, options).size();
        if (rows != s.batch() * answers) {
          throw new IllegalStateException("rows were lost");
        }
      }, 1, Math.max(3, s.steps() / 2));
      var line = line("generate", s);
      if (answers > 1) {
        line.put("k", answers);
      }
      return line.put("prompt", s.prompt()).put("new", s.fresh()).put("step_s", round(seconds, 4))
          .put("tokens_per_s", round((double) s.batch() * answers * s.fresh() / seconds, 1)).put("peak_rss_mb", ProcessMemory.peak() >> 20);
    }
  }

  static ObjectNode line(String bench, Settings s) {
    return JsonNodeFactory.instance.objectNode().put("bench", bench).put("peer", "jtorch-" + s.dtype())
        .put("size", s.size()).put("batch", s.batch());
  }

  static double round(double value, int digits) {
    double scale = Math.pow(10, digits);
    return Math.round(value * scale) / scale;
  }
}
