package org.jtorch.loss;

import org.jtorch.tensor.Grad;
import org.jtorch.tensor.Tensor;
import org.jtorch.tensor.kernel.TokenPass;

/// Cross-entropy with a mixture of the teacher's first choice and the token of the text, as AFM's on-device model is distilled
/// (arXiv:2407.21075, section 3.2): `−w log p[teacher's] − (1 − w) log p[target]`.
///
/// The teacher chooses among the tokens that the student has, too.
///
/// @param weight w of the teacher, in `[0, 1]`; AFM's is 0.9
public record TopOneMixture(Teacher teacher, double weight) implements TokenLoss {
  public TopOneMixture {
    if (!(weight >= 0 && weight <= 1)) {
      throw new IllegalArgumentException("`weight` must be in [0, 1] but was " + weight + "; AFM's is 0.9");
    }
  }

  /// With the teacher's.
  @Override public int logitsAtOnce() {
    return 2;
  }

  @Override public Tensor values(Chunk chunk) {
    return values(TokenPass.forward(chunk.logits(), chunk.targets()), chosen(chunk.logits(), choice(chunk)));
  }

  /// `P − w onehot(teacher's) − (1 − w) onehot(target)`, weighted, times the cap's slope.
  @Override public Tensor gradient(Chunk chunk) {
    Tensor logits = chunk.logits();
    Tensor choice = choice(chunk);
    var rows = TokenPass.forward(logits, chunk.targets());
    Tensor theirs = chosen(logits, choice);
    Tensor w = chunk.weights();
    TokenPass.gradient(logits, chunk.targets(), rows.lse(), w.mul(weight - 1), null, w, chunk.cap());
    Tensor pull = w.mul(weight).to(theirs.dtype()).mul(slope(theirs, chunk.cap()));
    Tensor at = logits.gather(1, choice.view(-1, 1)).to(pull.dtype()).sub(pull.view(-1, 1));
    logits.scatterInPlace(1, choice.view(-1, 1), at.to(logits.dtype()));
    return values(rows, theirs);
  }

  private Tensor choice(Chunk chunk) {
    try (var _ = Grad.off()) {
      Tensor theirs = teacher.logits(chunk.rows());
      return theirs.narrow(1, 0, Math.min(theirs.size(1), chunk.logits().size(1))).argMax(1);
    }
  }

  private static Tensor chosen(Tensor logits, Tensor ids) {
    return logits.gather(1, ids.view(-1, 1)).squeeze(1).to(Tokens.sums(logits.dtype()));
  }

  private Tensor values(TokenPass.Rows rows, Tensor theirs) {
    return rows.lse().sub(theirs.mul(weight)).sub(rows.chosen().mul(1 - weight));
  }

  /// Of the cap `c tanh(u / c)`, where it came to y.
  static Tensor slope(Tensor y, double cap) {
    return y.div(cap).square().neg().add(1.0);
  }
}
