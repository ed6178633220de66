package org.jtorch.generate;

import org.jtorch.tensor.DType;
import org.jtorch.tensor.Ops;
import org.jtorch.tensor.Tensor;

/// The token with the highest score.
record Greedy(double repetitionPenalty) implements Sampler {
  @Override public Tensor next(Tensor logits, Tensor seen, Tensor uniforms) {
    return scores(logits, seen).argMax(-1);
  }

  @Override public Drawn draw(Tensor logits, Tensor seen, Tensor uniforms) {
    Tensor tokens = next(logits, seen, uniforms);
    return new Drawn(tokens, Ops.zeros(DType.F64, tokens.device(), tokens.shape()));
  }

  @Override public Tensor scores(Tensor logits, Tensor seen) {
    return Sampler.penalized(logits, seen, repetitionPenalty);
  }
}
