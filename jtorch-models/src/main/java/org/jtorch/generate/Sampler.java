package org.jtorch.generate;

import org.jtorch.tensor.DType;
import org.jtorch.tensor.Ops;
import org.jtorch.tensor.Tensor;

/// Chooses one token a row. Randomness comes in as numbers, so that a choice is the same on every device and a row's
/// choice does not depend on its neighbours.
public sealed interface Sampler permits Greedy, Filtered {
  /// @param logits `[B, V]`
  /// @param seen int64 `[B, S]`, the row's tokens so far, for the repetition penalty; pad by repeating one of them
  /// @param uniforms float64 `[B, 1]` in `[0, 1)`, one number a row
  /// @return int64 `[B]`
  Tensor next(Tensor logits, Tensor seen, Tensor uniforms);

  /// Tokens, and the log-probability of each under the distribution that it was drawn from.
  ///
  /// @param tokens int64 `[B]`
  /// @param logProbs float64 `[B]`
  record Drawn(Tensor tokens, Tensor logProbs) {}

  /// [#next] with what was its probability.
  Drawn draw(Tensor logits, Tensor seen, Tensor uniforms);

  /// Log-probabilities of tokens under the model itself: float32 log-softmax without temperature, filters or penalty.
  /// logits `[B, V]`, tokens int64 `[B]`; float32 `[B]`
  static Tensor logProbs(Tensor logits, Tensor tokens) {
    return logits.to(DType.F32).logSoftmax(-1).gather(1, tokens.unsqueeze(1)).squeeze(1);
  }

  /// The scores that [#next] draws from: filtered tokens are -inf. logits `[B, V]`, seen int64 `[B, S]`; float32 `[B, V]`
  Tensor scores(Tensor logits, Tensor seen);

  static Sampler of(Sampling sampling) {
    return sampling.isGreedy() ? new Greedy(sampling.repetitionPenalty()) : new Filtered(sampling);
  }

  /// `s / penalty` for scores >= 0 of seen tokens, `s · penalty` for negative ones (arXiv:1909.05858). Virtual tokens, whose
  /// ids follow the vocabulary, have no score. float32 `[B, V]`
  static Tensor penalized(Tensor logits, Tensor seen, double penalty) {
    Tensor x = logits.to(DType.F32);
    if (penalty == 1) {
      return x;
    }
    long V = x.size(1);
    Tensor at = seen.maskedFill(seen.ge(V), V);               // one column more, for what has no score
    Tensor wide = Ops.cat(1, x, Ops.zeros(DType.F32, x.device(), x.size(0), 1));
    Tensor s = wide.gather(1, at);                                              // [B, S]
    Tensor changed = Ops.where(s.ge(0), s.div(penalty), s.mul(penalty));
    return wide.scatterInPlace(1, at, changed).narrow(1, 0, V).contiguous();
  }
}
