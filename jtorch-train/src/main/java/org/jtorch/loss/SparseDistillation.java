package org.jtorch.loss;

import java.util.List;
import org.jtorch.tensor.DType;
import org.jtorch.tensor.Ops;
import org.jtorch.tensor.Tensor;
import org.jtorch.tensor.kernel.TokenPass;

/// The loss against a teacher of whose distribution T only some tokens K are known, in float32. S is the student's distribution.
/// It costs what cross-entropy costs.
///
/// @param teacher what is known of each position of the batch
/// @param target what stands for the teacher's distribution
public record SparseDistillation(SparseTargets teacher, Target target) implements TokenLoss {
  private static final double TINY = 1e-30;
  /// A logit in whose place the softmax is 0, and finite in every type.
  private static final double RULED_OUT = -1e30;
  private static final double RULED_OUT_OF_F16 = -6e4;

  /// What stands for the teacher's distribution.
  public enum Target {
    /// `Σ_K T' (log T' − log S)` with `T' = T / Σ_K T`: what is not known is taken for impossible.
    RENORM,
    /// The same with S divided by its mass on K, too: what is not known has no say.
    RENORM_BOTH,
    /// Over K and one more outcome, "any other token", with what is left of T and of S.
    TAIL,
    /// `−Σ_K T log S` with T as it is: of draws the soft cross-entropy, without bias.
    SAMPLED
  }

  /// Values, and the gradient in three parts: `mass · S` everywhere, and `own` at the tokens of K.
  private record Parts(Tensor values, Tensor lse, Tensor mass, Tensor own) {}

  @Override public Tensor values(Chunk chunk) {
    return parts(chunk, teacher.at(chunk.rows())).values;
  }

  @Override public Tensor gradient(Chunk chunk) {
    var known = teacher.at(chunk.rows());
    Tensor logits = chunk.logits();
    Tensor z = logits.gather(1, known.ids());
    var parts = parts(chunk, known);
    Tensor w = chunk.weights().to(parts.values.dtype());
    if (target == Target.RENORM_BOTH) {
      logits.zeroInPlace();
    } else {
      TokenPass.gradient(logits, chunk.targets(), parts.lse, Ops.zerosLike(w), null, parts.mass.mul(w), chunk.cap());
    }
    Tensor own = parts.own.mul(w.view(-1, 1)).mul(TopOneMixture.slope(z.to(w.dtype()), chunk.cap()));
    logits.scatterInPlace(1, known.ids(), own.to(logits.dtype()));
    return parts.values;
  }

  private Parts parts(Chunk chunk, SparseTargets known) {
    Tensor z = chunk.logits().gather(1, known.ids()).to(Tokens.sums(chunk.logits().dtype()));
    Tensor p = known.logProbs().to(z.dtype()).exp();                                       // [n, k]
    return switch (target) {
      case RENORM -> whole(chunk, z, p.div(p.sum(1, true)), true);
      case SAMPLED -> whole(chunk, z, p, false);
      case RENORM_BOTH -> among(z, p.div(p.sum(1, true)));
      case TAIL -> tail(chunk, known.ids(), z, p, known.rest().to(z.dtype()));
    };
  }

  private static Parts whole(Chunk chunk, Tensor z, Tensor p, boolean entropyApart) {
    Tensor lse = TokenPass.forward(chunk.logits(), chunk.targets()).lse();
    Tensor q = z.sub(lse.view(-1, 1));
    Tensor mass = p.sum(1, false);
    Tensor values = entropyApart ? divergence(p, q).sum(1, false) : p.mul(q).sum(1, false).neg();
    return new Parts(values, lse, mass, q.exp().mul(mass.view(-1, 1)).sub(p));
  }

  private static Parts among(Tensor z, Tensor p) {
    Tensor q = z.logSoftmax(1);
    Tensor none = Ops.zerosLike(p.sum(1, false));
    return new Parts(divergence(p, q).sum(1, false), none, none, q.exp().sub(p));
  }

  /// The student's tail is summed from its own logits, those of K ruled out: 1 minus the mass on K would lose a small one.
  private static Parts tail(Chunk chunk, Tensor ids, Tensor z, Tensor p, Tensor r) {
    Tensor logits = chunk.logits();
    double out = logits.dtype() == DType.F16 ? RULED_OUT_OF_F16 : RULED_OUT;
    Tensor kept = logits.gather(1, ids);
    logits.scatterInPlace(1, ids, Ops.full(out, logits.dtype(), logits.device(), ids.shape()));
    Tensor others = TokenPass.logSum(logits);
    logits.scatterInPlace(1, ids, kept);
    Tensor mine = logSum(z);
    Tensor lse = logSum(Ops.stack(1, List.of(mine, others)));
    Tensor q = z.sub(lse.view(-1, 1));
    Tensor tail = others.sub(lse);                                                         // log of the student's
    Tensor mass = p.sum(1, false).add(r);
    Tensor values = divergence(p, q).sum(1, false).add(divergence(r, tail));
    return new Parts(values, lse, mass.sub(r.div(Ops.clampMin(tail.exp(), TINY))), q.exp().mul(mass.view(-1, 1)).sub(p));
  }

  private static Tensor logSum(Tensor z) {
    Tensor high = z.amax(1, true);
    return z.sub(high).exp().sum(1, false).log().add(high.squeeze(1));
  }

  /// `p (log p − q)`, and 0 where p is.
  private static Tensor divergence(Tensor p, Tensor q) {
    return p.mul(Ops.clampMin(p, TINY).log().sub(q));
  }
}
