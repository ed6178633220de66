package org.jtorch.parity;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.jtorch.decoder.Decoder;
import org.jtorch.nn.Pass;
import org.jtorch.tensor.Device;
import org.jtorch.tensor.Grad;
import org.jtorch.tensor.Ops;
import org.jtorch.tensor.Tensor;
import org.jtorch.tensor.TensorScope;

/// Greedy decoding of a model case with the key-value cache: the same tokens, and the same scores at every step.
final class GreedyRuns {
  /// Decoding across the end of a dynamic rotary embedding: the format leaves open what must come out behind it.
  private static final String OPEN = "gen_grow.";
  private final CaseFolder io;
  private final Decoder model;
  private final String suffix;
  private final Findings findings;

  GreedyRuns(CaseFolder io, Decoder model, String suffix, Findings findings) {
    this.io = io;
    this.model = model;
    this.suffix = suffix;
    this.findings = findings;
  }

  void run() {
    io.under("").stream().filter(n -> n.endsWith(".sequences")).sorted().map(n -> n.substring(0, n.length() - "sequences".length()))
        .forEach(prefix -> {
          if (prefix.equals(OPEN)) {
            findings.part(prefix + "sequences" + suffix, this::open);
          } else {
            findings.part(prefix + "sequences" + suffix, () -> compare(prefix));
          }
        });
  }

  private void compare(String prefix) {
    var result = decode(prefix);
    findings.add(Tolerance.exact(prefix + "sequences" + suffix, result.tokens(), stored(prefix), result.width));
    if (io.has(prefix + "step_logits")) {
      double[] scores = result.scores.stream().flatMapToDouble(Arrays::stream).toArray();
      findings.add(Tolerance.of(io.settings(), Tolerance.LOGITS, prefix + "step_logits", "step_logits", prefix + "logits", "logits")
          .check(prefix + "step_logits" + suffix, scores, io.doubles(prefix + "step_logits")));
    }
  }

  /// Tokens that follow from at most the trained positions must be the stored ones; those behind may differ.
  private void open() {
    String what = OPEN + "sequences" + suffix;
    var result = decode(OPEN);
    var all = Tolerance.exact(what, result.tokens(), stored(OPEN), result.width);
    int sure = Math.min(result.width, model.maxPositions() + 1);
    var before = Tolerance.exact(what, heads(result.tokens(), result.width, sure), heads(stored(OPEN), result.width, sure), sure);
    if (all.passed() || !before.passed()) {
      findings.add(all.passed() ? all : before);
      return;
    }
    findings.add(new Check(OPEN + "sequences before the growth" + suffix, 0, 0, true, before.note()));
    throw new NotSupportedException("specific to the implementation (see the case's notes): " + all.note());
  }

  /// The first `n` tokens of every row.
  private static long[] heads(long[] tokens, int width, int n) {
    return IntStream.range(0, tokens.length).filter(i -> i % width < n).mapToLong(i -> tokens[i]).toArray();
  }

  private long[] stored(String prefix) {
    try (var _ = TensorScope.open()) {
      return io.tensor(prefix + "sequences").toLongs();
    }
  }

  /// Prompts and what follows, and the scores that each new token of the first row was chosen by.
  private record Decoded(List<long[]> rows, int width, List<double[]> scores) {
    long[] tokens() {
      return rows.stream().flatMapToLong(Arrays::stream).toArray();
    }
  }

  private Decoded decode(String prefix) {
    try (var _ = TensorScope.open(); var _ = Grad.off()) {
      Tensor ids = io.tensor(prefix + "input_ids");
      int batch = (int) ids.size(0);
      int prompt = (int) ids.size(1);
      int width = (int) io.tensor(prefix + "sequences").size(1);
      var stop = new StopToken(io, prefix, batch);
      var rows = split(ids.toLongs(), batch, width);
      var padding = new Padding(io, prefix, batch, prompt, width);
      var scores = new ArrayList<double[]>();
      try (var cache = model.cache(batch, width)) {
        for (int at = prompt; at < width; at++) {
          int from = at == prompt ? 0 : at - 1;
          try (var _ = TensorScope.open()) {
            Tensor hidden = model.hidden(slice(rows, from, at, model.device()), padding.pass(from, at), cache);
            Tensor last = model.logits(hidden.select(1, at - from - 1L));                // [B, V]
            scores.add(last.select(0, 0).toDoubles());
            long[] next = last.argMax(1).toLongs();
            for (int b = 0; b < batch; b++) {
              rows[b][at] = stop.next(b, next[b]);
            }
          }
        }
      }
      return new Decoded(List.of(rows), width, scores);
    }
  }

  private static long[][] split(long[] flat, int batch, int width) {
    int prompt = flat.length / batch;
    var rows = new long[batch][width];
    for (int b = 0; b < batch; b++) {
      System.arraycopy(flat, b * prompt, rows[b], 0, prompt);
    }
    return rows;
  }

  private static Tensor slice(long[][] rows, int from, int to, Device device) {
    long[] flat = Arrays.stream(rows).flatMapToLong(r -> Arrays.stream(r, from, to)).toArray();
    return Ops.of(flat, device, rows.length, to - from);
  }

  /// Finished rows are filled up.
  private static final class StopToken {
    private final long stop;
    private final long fill;
    private final boolean[] finished;

    StopToken(CaseFolder io, String prefix, int batch) {
      String name = prefix.substring(0, prefix.length() - 1);
      stop = io.settings().optLong(name + "_eos_token_id", -1);
      fill = io.settings().optLong(name + "_pad_token_id", 0);
      finished = new boolean[batch];
    }

    long next(int row, long token) {
      if (finished[row]) {
        return fill;
      }
      finished[row] = token == stop;
      return token;
    }
  }

  /// Left padding: invisible, and not counted by positions.
  private static final class Padding {
    private final long[][] mask;
    private final boolean any;

    Padding(CaseFolder io, String prefix, int batch, int prompt, int width) {
      mask = new long[batch][width];
      for (var row : mask) {
        Arrays.fill(row, 1);
      }
      boolean hidden = false;
      if (io.has(prefix + "attention_mask")) {
        long[] flat = io.tensor(prefix + "attention_mask").toLongs();
        hidden = Arrays.stream(flat).anyMatch(m -> m == 0);
        for (int b = 0; b < batch; b++) {
          System.arraycopy(flat, b * prompt, mask[b], 0, prompt);
        }
      }
      any = hidden;
    }

    Pass pass(int from, int to) {
      if (!any) {
        return Pass.EMPTY;
      }
      return Pass.EMPTY.withKeyMask(slice(mask, 0, to, Device.CPU).eq(1)).withPositions(slice(positions(to), from, to, Device.CPU));
    }

    private long[][] positions(int to) {
      var rows = new long[mask.length][to];
      for (int b = 0; b < rows.length; b++) {
        long count = 0;
        for (int i = 0; i < to; i++) {
          rows[b][i] = mask[b][i] == 1 ? count++ : 0;
        }
      }
      return rows;
    }
  }
}
