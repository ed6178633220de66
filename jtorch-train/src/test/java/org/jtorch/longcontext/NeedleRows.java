package org.jtorch.longcontext;

import java.util.Arrays;
import java.util.Random;
import org.jtorch.data.RowSource;
import org.jtorch.decoder.Decoder;
import org.jtorch.longcontext.LongContext.Found;
import org.jtorch.nn.Pass;
import org.jtorch.tensor.Grad;
import org.jtorch.tensor.Ops;
import org.jtorch.tensor.TensorScope;

/// Haystacks of random tokens with one needle, of another kind, which is what comes after the question at the end. Nothing else is trained
/// on.
record NeedleRows(int seqLen, int depth, long rows, long seed) implements RowSource {
  static final int VOCAB = 32;
  private static final int HAY = 16;
  private static final int NEEDLES = 8;
  private static final long QUESTION = HAY + NEEDLES;
  private static final int ANY = -1;

  /// Rows to train on: needles at any depth.
  static NeedleRows training(int seqLen) {
    return new NeedleRows(seqLen, ANY, 1 << 20, 1);
  }

  @Override public void row(long index, long[] tokens, int[] segmentIds) {
    var random = new Random(seed * 1_000_003 + index);
    var _ = random.nextInt();
    Arrays.fill(segmentIds, 0);
    for (int i = 0; i < seqLen; i++) {
      tokens[i] = random.nextInt(HAY);
    }
    int at = depth == ANY ? random.nextInt(seqLen - 1) : (seqLen - 2) * depth / 100;
    tokens[at] = HAY + random.nextInt(NEEDLES);
    tokens[seqLen - 1] = QUESTION;
    tokens[seqLen] = tokens[at];
  }

  @Override public boolean weighted() {
    return true;
  }

  @Override public void weights(long index, float[] into) {
    Arrays.fill(into, 0);
    into[seqLen] = 1;
  }

  /// How many needles a model finds: the most probable token of all behind the question.
  static Found find(Decoder model, int length, int depth, int instances) {
    var rows = new NeedleRows(length, depth, instances, 7);
    long[] tokens = new long[instances * length];
    long[] row = new long[length + 1];
    long[] answers = new long[instances];
    for (int i = 0; i < instances; i++) {
      rows.row(i, row, new int[length + 1]);
      System.arraycopy(row, 0, tokens, i * length, length);
      answers[i] = row[length];
    }
    try (var _ = TensorScope.open(); var _ = Grad.off()) {
      var last = model.hidden(Ops.of(tokens, model.device(), instances, length), Pass.EMPTY, null).narrow(1, length - 1, 1);
      long[] best = model.logits(last).argMax(2).toLongs();
      long found = 0;
      for (int i = 0; i < instances; i++) {
        found += best[i] == answers[i] ? 1 : 0;
      }
      return new Found(found, instances);
    }
  }

  /// Over depths in tenths, four of each.
  static Found find(Decoder model, int length) {
    long found = 0;
    for (int depth = 0; depth <= 100; depth += 10) {
      found += find(model, length, depth, 4).found();
    }
    return new Found(found, 44);
  }
}
