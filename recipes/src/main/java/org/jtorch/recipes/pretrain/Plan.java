package org.jtorch.recipes.pretrain;

import com.google.errorprone.annotations.FormatMethod;
import com.google.errorprone.annotations.FormatString;
import java.io.PrintWriter;
import java.util.Locale;
import org.jtorch.decoder.DecoderConfig;
import org.jtorch.ffn.FeedForwardConfig;
import org.jtorch.loss.ChunkedCrossEntropy;
import org.jtorch.observe.Units;
import org.jtorch.recipes.pretrain.PretrainRecipe.TokenizerConfig;
import org.jtorch.tensor.DType;
import org.jtorch.tensor.Device;
import org.jtorch.text.Tokenizer;

/// What a run would do, worked out without starting it; time from this machine's measured matrix products.
record Plan(PretrainRecipe recipe) {
  /// Share of the matrix-product peak that small models reach on two cores (docs/benchmarks.md).
  private static final double USUAL_PEAK_FRACTION = 0.5;
  private static final int BARS = 48;

  void print(PrintWriter out) {
    int vocab = vocab();
    DecoderConfig shape = Shapes.of(recipe, vocab);
    Device device = Device.parse(recipe.device());
    DType dtype = MachineSpeed.dtype(recipe.dtype(), device);
    var t = recipe.train();
    long rowTokens = (long) t.batch() * recipe.data().seqLen();
    double flops = MachineSpeed.flops(device, dtype);
    double seconds = PretrainRun.flopsPerToken(shape) * rowTokens * t.steps() / (flops * USUAL_PEAK_FRACTION);
    line(out, "model", "%s, %,d parameters (%,d outside the embedding)", shape.family(), shape.parameterCount(),
        shape.parameterCount() - (long) vocab * shape.dim());
    line(out, "device", "%s, %s, matrix products at %.0f GFLOP/s", device, dtype, flops / 1e9);
    line(out, "steps", "%,d of %,d tokens (%d rows of %d, %d micro-batches): %,d tokens in all", t.steps(), rowTokens, t.batch(),
        recipe.data().seqLen(), t.accumulate(), rowTokens * t.steps());
    memory(out, shape, dtype, rowTokens / t.accumulate());
    line(out, "time", "about %s at half of the matrix-product peak, data and validation aside", Units.time(seconds));
    line(out, "rate", "peak %s; over the run:", Double.toString(t.learningRate()));
    schedule(out);
  }

  private void memory(PrintWriter out, DecoderConfig shape, DType dtype, long tokens) {
    long n = shape.parameterCount();
    long weights = n * dtype.bytes();
    long masters = dtype.isHalf() ? n * 4 : 0;
    long moments = n * 8;
    long gradients = n * (dtype.isHalf() && recipe.train().accumulate() > 1 ? dtype.bytes() + 4 : dtype.bytes());
    long activations = activations(shape, dtype, tokens);
    long logits = Math.min(ChunkedCrossEntropy.CHUNK_BYTES, tokens * shape.vocab() * dtype.bytes());
    line(out, "memory", "%s = weights %s + masters %s + moments %s + gradients %s + activations %s + logits %s",
        Units.bytes(weights + masters + moments + gradients + activations + logits), Units.bytes(weights), Units.bytes(masters),
        Units.bytes(moments), Units.bytes(gradients), Units.bytes(activations), Units.bytes(logits));
  }

  /// What a block keeps for backward, per token: inputs and products of attention and feed-forward, and the scores.
  private long activations(DecoderConfig shape, DType dtype, long tokens) {
    var a = shape.attention();
    long width = (a.heads() * 3L + 4L * a.kvHeads()) * a.headDim();
    long ffn = switch (shape.blocks().getFirst().feedForward()) {
      case FeedForwardConfig.Gated g -> 3L * g.hidden();
      case FeedForwardConfig.Plain p -> 2L * p.hidden();
      case FeedForwardConfig.Experts e -> 3L * ((long) e.active() * e.hidden() + e.shared());
    };
    long scores = (long) a.heads() * recipe.data().seqLen() * 5 / 8;
    long perToken = recipe.train().activationCheckpointing() ? shape.dim() : 6L * shape.dim() + width + ffn + scores;
    return perToken * tokens * dtype.bytes() * shape.layers();
  }

  private void schedule(PrintWriter out) {
    var schedule = recipe.train().schedule().over(recipe.train().steps());
    String levels = "▁▂▃▄▅▆▇█";
    var line = new StringBuilder();
    for (int i = 0; i < BARS; i++) {
      double at = schedule.at(Math.round((double) i / (BARS - 1) * (recipe.train().steps() - 1)));
      line.append(levels.charAt((int) Math.clamp(Math.round(at * 7), 0, 7)));
    }
    out.println("            " + line);
  }

  private int vocab() {
    return switch (recipe.tokenizer()) {
      case TokenizerConfig.Train(int size) -> size;
      case TokenizerConfig.File(var path, _) -> {
        try (var tokenizer = Tokenizer.load(path)) {
          yield tokenizer.vocabSize();
        }
      }
    };
  }

  @FormatMethod
  private static void line(PrintWriter out, String what, @FormatString String format, Object... values) {
    out.println("%-10s  %s".formatted(what, String.format(Locale.ROOT, format, values)));
  }
}
