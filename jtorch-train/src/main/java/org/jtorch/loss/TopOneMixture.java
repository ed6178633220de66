package org.jtorch.loss;

import org.jtorch.tensor.Grad;
import org.jtorch.tensor.Tensor;

/// Cross-entropy with a mixture of the teacher's first choice and the token of the text, as AFM's on-device model is distilled
/// (arXiv:2407.21075, section 3.2): `−w log p[teacher's] − (1 − w) log p[target]`.
///
/// @param weight w of the teacher, in `[0, 1]`; AFM's is 0.9
public record TopOneMixture(Teacher teacher, double weight) implements TokenLoss.ByAutograd {
  public TopOneMixture {
    if (!(weight >= 0 && weight <= 1)) {
      throw new IllegalArgumentException("`weight` must be in [0, 1] but was " + weight + "; AFM's is 0.9");
    }
  }

  @Override public Tensor loss(Tensor logits, Chunk chunk) {
    Tensor choice;
    try (var _ = Grad.off()) {
      choice = teacher.logits(chunk.rows()).argMax(1);
    }
    Tensor logProbs = logits.logSoftmax(1);
    return chosen(logProbs, choice).mul(-weight).add(chosen(logProbs, chunk.targets()).mul(weight - 1));
  }

  private static Tensor chosen(Tensor logProbs, Tensor ids) {
    return logProbs.gather(1, ids.view(-1, 1)).squeeze(1);
  }
}
