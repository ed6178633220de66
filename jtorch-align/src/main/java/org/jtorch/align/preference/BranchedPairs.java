package org.jtorch.align.preference;

import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.jtorch.align.chats.AnswerRow;
import org.jtorch.data.Batch;
import org.jtorch.data.Collator;
import org.jtorch.tensor.Device;
import org.jtorch.tensor.Ops;
import org.jtorch.tensor.Tensor;
import org.jtorch.train.BatchTensors;

/// Pairs whose answers share the computation of their prompt: a row is `[prompt][chosen][rejected]`, of which the answers do not see each
/// other and have the positions that they would have alone. The prompt's last token, which predicts how either answer begins, stands at the
/// beginning of both. Each number is what separate rows give, up to rounding.
///
/// @param trunks of each token: 0, the prompt, for those of an answer, else -1
/// @param counts 1 where a target counts in a preference, of the chosen answers and of the rejected ones, `rows * seqLen` each
/// @param learned 1 where a target is a token of a chosen answer
/// @param lengths how many tokens count, of the chosen answers and then of the rejected ones
@SuppressWarnings("ArrayRecordComponent") // goes into tensors, never compared
record BranchedPairs(Batch rows, int[] trunks, List<float[]> counts, float[] learned, float[] lengths, float @Nullable [] reference)
    implements ScoredAnswers {
  private static final double WORTH = 0.85;                          // rows of another form cost, too: a mask of their own

  /// Whether rows with shared prompts, padding included, are so much less than separate ones.
  static boolean pays(List<PreferencePair> pairs, Collator collator) {
    int apart = PreferencePair.rows(pairs).stream().mapToInt(r -> r.row().ids().length).max().orElse(0);
    return seqLen(pairs, collator) <= WORTH * 2 * Math.min(collator.maxLength(), collator.rounded(apart));
  }

  private static int seqLen(List<PreferencePair> pairs, Collator collator) {
    return collator.rounded(pairs.stream().mapToInt(BranchedPairs::length).max().orElse(1));
  }

  private static int length(PreferencePair pair) {
    return pair.chosen().row().ids().length + pair.rejected().row().ids().length - trunk(pair);
  }

  /// Tokens that the answers share and that predict nothing which is learned.
  private static int trunk(PreferencePair pair) {
    int same = Arrays.mismatch(pair.chosen().row().ids(), pair.rejected().row().ids());
    int equal = same < 0 ? pair.chosen().row().ids().length : same;
    return Math.max(0, Math.min(equal, Math.min(pair.chosen().start(), pair.rejected().start()) - 1));
  }

  static BranchedPairs of(List<PreferencePair> pairs, Collator collator) {
    PreferencePair.rows(pairs).forEach(row -> ScoredAnswers.require(row, collator));
    int n = pairs.size();
    var rows = new Filling(n, seqLen(pairs, collator));
    float[] reference = new float[2 * n];
    for (int r = 0; r < n; r++) {
      var pair = pairs.get(r);
      int trunk = trunk(pair);
      int at = r * rows.seqLen;
      rows.trunk(pair.chosen(), trunk, at);
      rows.answer(pair.chosen(), trunk, at + trunk, 0, r);
      rows.answer(pair.rejected(), trunk, at + pair.chosen().row().ids().length, 1, r);
      reference[r] = (float) pair.chosen().reference();
      reference[n + r] = (float) pair.rejected().reference();
    }
    boolean known = PreferencePair.rows(pairs).stream().noneMatch(r -> Double.isNaN(r.reference()));
    return new BranchedPairs(rows.batch(), rows.trunks, List.of(rows.counts[0], rows.counts[1]), rows.learned, rows.lengths,
        known ? reference : null);
  }

  /// The arrays of a batch while they are filled.
  private static final class Filling {
    private final int n;
    private final int seqLen;
    private final long[] tokens;
    private final long[] targets;
    private final int[] segments;
    private final int[] positions;
    private final int[] trunks;
    private final float[][] counts;
    private final float[] learned;
    private final float[] lengths;

    Filling(int n, int seqLen) {
      this.n = n;
      this.seqLen = seqLen;
      int size = Math.multiplyExact(n, seqLen);
      tokens = new long[size];
      targets = new long[size];
      segments = new int[size];
      positions = new int[size];
      trunks = new int[size];
      counts = new float[2][size];
      learned = new float[size];
      lengths = new float[2 * n];
      Arrays.fill(targets, Batch.IGNORE);
      Arrays.fill(segments, -1);
      Arrays.fill(trunks, -1);
    }

    void trunk(AnswerRow answer, int length, int at) {
      for (int i = 0; i < length; i++) {
        put(at + i, answer.row().ids()[i], 0, i);
      }
    }

    /// The rest of a row, from where its trunk ends.
    void answer(AnswerRow answer, int trunk, int at, int which, int row) {
      long[] ids = answer.row().ids();
      for (int i = trunk; i < ids.length; i++) {
        int here = at + i - trunk;
        put(here, ids[i], 1 + which, i);
        trunks[here] = 0;
        if (i + 1 < ids.length && answer.learned(i + 1)) {
          targets[here] = ids[i + 1];
          counts[which][here] = answer.counts(i + 1) ? 1 : 0;
          learned[here] = which == 0 ? 1 : 0;
          lengths[which * n + row] += counts[which][here];
        }
      }
    }

    private void put(int at, long token, int segment, int position) {
      tokens[at] = token;
      segments[at] = segment;
      positions[at] = position;
    }

    Batch batch() {
      long trained = Arrays.stream(targets).filter(t -> t != Batch.IGNORE).count();
      return new Batch(n, seqLen, tokens, targets, segments, positions, trained);
    }
  }

  @Override public BatchTensors input(Device device) {
    return BatchTensors.of(rows, trunks, device);
  }

  @Override public Tensor sums(Tensor tokenLogps) {
    return Ops.cat(0, masked(tokenLogps, counts.get(0)).sum(1, false), masked(tokenLogps, counts.get(1)).sum(1, false));
  }

  @Override public Tensor chosen(Tensor tokenLogps) {
    return masked(tokenLogps, learned).sum();
  }

  private Tensor masked(Tensor tokenLogps, float[] mask) {
    return tokenLogps.mul(Ops.of(mask, tokenLogps.device(), rows.rows(), rows.seqLen()).to(tokenLogps.dtype()));
  }
}
