package org.jtorch.generate;

import org.jspecify.annotations.Nullable;
import org.jtorch.tensor.DType;
import org.jtorch.tensor.Ops;
import org.jtorch.tensor.Tensor;

/// Draws from the filtered distribution by inverting its running sum: the first token whose sum exceeds `u · total`.
///
/// The vocabulary is never sorted when `top_k` is set: the k best come in order already, and all that follows works on
/// `[B, k]`. Without it `top_p` first tries the best [#TRIED] tokens, which nearly always hold enough probability.
record Filtered(Sampling sampling) implements Sampler {
  private static final int TRIED = 512;

  /// Candidates of each row. `indices` is null if they are the vocabulary in its order.
  ///
  /// @param p float64 `[B, n]`, not normalized; 0 for what is filtered out
  /// @param indices int64 `[B, n]`
  private record Candidates(Tensor p, @Nullable Tensor indices) {
    /// The tokens at these places. int64 `[B, 1]` to `[B]`
    Tensor token(Tensor at) {
      return (indices == null ? at : indices.gather(1, at)).squeeze(1);
    }
  }

  @Override public Tensor next(Tensor logits, Tensor seen, Tensor uniforms) {
    Candidates c = left(logits, seen);
    return c.token(pick(c.p, uniforms));
  }

  @Override public Drawn draw(Tensor logits, Tensor seen, Tensor uniforms) {
    Candidates c = left(logits, seen);
    Tensor at = pick(c.p, uniforms);
    return new Drawn(c.token(at), c.p.gather(1, at).div(c.p.sum(-1, true)).log().squeeze(1));
  }

  /// What all filters leave.
  private Candidates left(Tensor logits, Tensor seen) {
    Candidates c = candidates(Sampler.penalized(logits, seen, sampling.repetitionPenalty()));
    return new Candidates(minP(c.p), c.indices);
  }

  private Candidates candidates(Tensor x) {
    long V = x.size(1);
    if (sampling.topK() > 0 && sampling.topK() < V) {
      var best = Ops.topK(x, sampling.topK());
      return new Candidates(topP(probabilities(best.values())), best.indices());
    }
    Tensor p = probabilities(x);
    if (sampling.topP() == 1) {
      return new Candidates(p, null);
    }
    var best = ranked(p);
    return new Candidates(topP(best.values()), best.indices());
  }

  /// The best tokens in order, enough of them to hold `top_p`. The look at the sums would wait for a CUDA device, where
  /// sorting costs little.
  private Ops.Ranked ranked(Tensor p) {
    if (p.size(1) > 4 * TRIED && !p.device().isCuda()) {
      var best = Ops.topK(p, TRIED);
      if (best.values().sum(-1, false).neg().max().item() <= -sampling.topP()) {
        return best;
      }
    }
    return Ops.sort(p, -1, true);
  }

  private Tensor probabilities(Tensor scores) {
    return scores.to(DType.F64).div(sampling.temperature()).softmax(-1);
  }

  /// Zero where the tokens before hold `top_p` already. p in descending order `[B, n]`
  private Tensor topP(Tensor p) {
    return sampling.topP() == 1 ? p : p.maskedFill(p.cumsum(-1).sub(p).ge(sampling.topP()), 0);
  }

  private Tensor minP(Tensor p) {
    return sampling.minP() == 0 ? p : p.maskedFill(p.lt(p.amax(-1, true).mul(sampling.minP())), 0);
  }

  /// The place of the token at which the running sum exceeds the number. int64 `[B, 1]`
  private static Tensor pick(Tensor p, Tensor uniforms) {
    Tensor sums = p.cumsum(-1);
    Tensor target = sums.narrow(1, p.size(1) - 1, 1).mul(uniforms);             // [B, 1]
    return sums.le(target).sum(-1, true);
  }

  @Override public Tensor scores(Tensor logits, Tensor seen) {
    Tensor x = Sampler.penalized(logits, seen, sampling.repetitionPenalty()).div(sampling.temperature());
    long V = x.size(1);
    if (sampling.topK() > 0 && sampling.topK() < V) {
      x = hide(x, x.lt(Ops.topK(x, sampling.topK()).values().narrow(1, sampling.topK() - 1, 1)));
    }
    if (sampling.topP() < 1) {
      var order = Ops.sort(x, -1, true);
      Tensor p = order.values().softmax(-1);
      Tensor outside = p.cumsum(-1).sub(p).ge(sampling.topP());
      x = hide(x, Ops.emptyLike(outside).scatterInPlace(1, order.indices(), outside));
    }
    if (sampling.minP() > 0) {
      x = hide(x, x.lt(x.amax(-1, true).add(Math.log(sampling.minP()))));
    }
    return x;
  }

  private static Tensor hide(Tensor x, Tensor where) {
    return x.maskedFill(where, Double.NEGATIVE_INFINITY);
  }
}
