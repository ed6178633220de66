package org.jtorch.loss;

import java.util.Arrays;
import java.util.function.Consumer;
import org.jtorch.decoder.CausalLm;
import org.jtorch.tensor.DType;
import org.jtorch.tensor.Grad;
import org.jtorch.tensor.Ops;
import org.jtorch.tensor.Rng;
import org.jtorch.tensor.Tensor;
import org.jtorch.tensor.TensorGroup;

/// A teacher's distribution at each position of a batch, reduced to k of its tokens: the k most probable, or k draws. What it takes
/// to keep them is a few hundred bytes a position, where all probabilities would take a megabyte.
///
/// @param ids int64 `[N, k]`, no id twice in a row
/// @param logProbs of these tokens; −∞ for one that only fills up. float32 (float64 of such logits) `[N, k]`
/// @param rest the probability of all other tokens, `[N]`; 0 of draws
public record SparseTargets(Tensor ids, Tensor logProbs, Tensor rest) implements TensorGroup {
  public SparseTargets {
    if (ids.dim() != 2 || !logProbs.is(ids.shape()) || !rest.is(ids.size(0))) {
      throw new IllegalArgumentException("ids " + ids + ", log-probabilities " + logProbs + " and rest " + rest + " do not go together; give [N, k], "
          + "[N, k] and [N]");
    }
  }

  /// How a distribution is reduced.
  public enum Reduction {
    /// The k most probable tokens.
    TOP,
    /// k draws with replacement, each worth 1/k: on average the whole distribution.
    DRAWS
  }

  /// The k most probable tokens at each position that has a target; zeros elsewhere.
  ///
  /// @param hidden the teacher's output, `[B, T, C]`
  /// @param targets the token after each position, `B * T` of them: only where there is one matters
  /// @param vocab tokens that are real: what fills the teacher's vocabulary up is out of its distribution
  public static SparseTargets top(CausalLm teacher, Tensor hidden, long[] targets, int vocab, int k) {
    requireK(k, vocab);
    return reduce(teacher, hidden, targets, k, (logits, _) -> top(logits.narrow(1, 0, vocab), k));
  }

  /// The k most probable tokens of some distributions.
  ///
  /// @param logits `[n, V]`
  public static SparseTargets top(Tensor logits, int k) {
    requireK(k, (int) logits.size(1));
    var best = Ops.topK(logits.logSoftmax(1, Tokens.sums(logits.dtype())), k);
    Tensor rest = best.values().exp().sum(1, false).neg().add(1.0);
    return new SparseTargets(best.indices(), best.values(), k == logits.size(1) ? rest.zeroInPlace() : Ops.clampMin(rest, 0.0));
  }

  /// k draws at each position that has a target; zeros elsewhere. Tokens that were not drawn fill up to k.
  public static SparseTargets drawn(CausalLm teacher, Tensor hidden, long[] targets, int vocab, int k, Rng rng) {
    requireK(k, vocab);
    return reduce(teacher, hidden, targets, k, (logits, count) -> {
      float[] probs = logits.narrow(1, 0, vocab).softmax(1).contiguous().toFloats();
      int n = (int) logits.size(0);
      var ids = new long[n * k];
      var logProbs = new float[n * k];
      for (int i = 0; i < count; i++) {
        new Draws(rng.uniforms(k)).of(probs, i * vocab, vocab, ids, logProbs, i * k);
      }
      return new SparseTargets(Ops.of(ids, logits.device(), n, k), Ops.of(logProbs, logits.device(), n, k).to(logits.dtype()),
          Ops.zeros(logits.dtype(), logits.device(), n));
    });
  }

  private interface Reducer {
    /// @param logits float32 `[n, V]`
    /// @param count how many of the rows are real
    SparseTargets of(Tensor logits, int count);
  }

  private static SparseTargets reduce(CausalLm teacher, Tensor hidden, long[] targets, int k, Reducer reducer) {
    try (var _ = Grad.off()) {
      Tensor flat = hidden.detach().reshape(-1, hidden.size(2));
      DType type = Tokens.sums(teacher.dtype());
      long N = flat.size(0);
      var all = new SparseTargets(Ops.zeros(DType.I64, flat.device(), N, k), Ops.zeros(type, flat.device(), N, k), Ops.zeros(type, flat.device(), N));
      new HeadChunks(teacher, flat, Tokens.of(targets), 0).forEach((_, chunk, _, count) -> {
        var found = reducer.of(chunk.logits().to(type), count);
        Tensor rows = chunk.rows().narrow(0, 0, count);
        all.ids.indexCopyInPlace(0, rows, found.ids.narrow(0, 0, count));
        all.logProbs.indexCopyInPlace(0, rows, found.logProbs.narrow(0, 0, count));
        all.rest.indexCopyInPlace(0, rows, found.rest.narrow(0, 0, count));
      });
      return all;
    }
  }

  private static void requireK(int k, int vocab) {
    if (k < 1 || k > vocab) {
      throw new IllegalArgumentException("`k` must be between 1 and the " + vocab + " tokens of the vocabulary but was " + k + "; 64 is usual");
    }
  }

  /// Of some positions only.
  ///
  /// @param rows index of each, int64 `[n]`
  SparseTargets at(Tensor rows) {
    return new SparseTargets(ids.indexSelect(0, rows), logProbs.indexSelect(0, rows), rest.indexSelect(0, rows));
  }

  @Override public void forEachTensor(Consumer<Tensor> action) {
    action.accept(ids);
    action.accept(logProbs);
    action.accept(rest);
  }

  /// Draws from one distribution.
  ///
  /// @param points where on `[0, 1)` each draw falls
  @SuppressWarnings("ArrayRecordComponent") // compared nowhere
  private record Draws(double[] points) {
    Draws {
      Arrays.sort(points);
    }

    /// Writes the drawn tokens and the logarithms of their shares, then tokens that were not drawn.
    void of(float[] probs, int from, int vocab, long[] ids, float[] logProbs, int at) {
      double total = 0;
      for (int j = 0; j < vocab; j++) {
        total += probs[from + j];
      }
      int slot = at;
      int token = -1;
      double below = 0;
      for (int i = 0; i < points.length; ) {
        while (token < vocab - 1 && below <= points[i] * total) {
          below += probs[from + ++token];
        }
        int first = i;
        while (i < points.length && (points[i] * total < below || token == vocab - 1)) {
          i++;
        }
        ids[slot] = token;
        logProbs[slot++] = (float) Math.log((double) (i - first) / points.length);
      }
      fill(ids, logProbs, at, slot);
    }

    private void fill(long[] ids, float[] logProbs, int at, int firstFree) {
      long[] drawn = Arrays.copyOfRange(ids, at, firstFree);
      long free = 0;
      for (int slot = firstFree; slot < at + points.length; slot++, free++) {
        while (Arrays.binarySearch(drawn, free) >= 0) {
          free++;
        }
        ids[slot] = free;
        logProbs[slot] = Float.NEGATIVE_INFINITY;
      }
    }
  }
}
