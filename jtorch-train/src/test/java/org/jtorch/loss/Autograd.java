package org.jtorch.loss;

import java.util.stream.Stream;
import org.jtorch.loss.SparseDistillation.Target;
import org.jtorch.tensor.DType;
import org.jtorch.tensor.Device;
import org.jtorch.tensor.Ops;
import org.jtorch.tensor.Rng;
import org.jtorch.tensor.Tensor;
import org.junit.jupiter.params.provider.Arguments;

/// The losses of distillation once more, written as the papers write them, for autograd to differentiate.
final class Autograd {
  private static final long ROWS = 6;

  private Autograd() {}

  static Stream<Arguments> losses(int vocab) {
    Teacher teacher = rows -> Rng.of(2).normal(0, 1, DType.F64, Device.CPU, ROWS, vocab + 4);
    var soft = new Distillation(teacher, new Divergence.ForwardKl(), 2, 4);
    return Stream.of(
        Arguments.of("soft cross-entropy", new Distillation(teacher, new Divergence.SoftCrossEntropy())),
        Arguments.of("forward, temperature 2", soft),
        Arguments.of("reverse", new Distillation(teacher, new Divergence.ReverseKl(), 1.5, 1)),
        Arguments.of("jensen-shannon 0.1", new Distillation(teacher, Divergence.of(0.1))),
        Arguments.of("jensen-shannon 0.9, temperature 2", new Distillation(teacher, Divergence.of(0.9), 2, 1)),
        Arguments.of("top one", new TopOneMixture(teacher, 0.9)),
        Arguments.of("hinton", new HintonMixture(soft, 0.3)));
  }

  /// The values of each row, on autograd's graph. `[n]`
  static Tensor of(TokenLoss loss, Tensor z) {
    return switch (loss) {
      case Distillation d -> divergence(d, z);
      case TopOneMixture m -> {
        Tensor logProbs = z.logSoftmax(1);
        Tensor best = m.teacher().logits(Ops.arange(0, ROWS, Device.CPU)).narrow(1, 0, z.size(1)).argMax(1);
        yield at(logProbs, best).mul(-m.weight()).add(at(logProbs, targets()).mul(m.weight() - 1));
      }
      case HintonMixture(TokenLoss soft, double w) -> of(soft, z).mul(1 - w).sub(at(z.logSoftmax(1), targets()).mul(w));
      case SparseDistillation s -> sparse(s.teacher(), s.target(), z);
      default -> throw new IllegalArgumentException("no second form of " + loss);
    };
  }

  private static Tensor divergence(Distillation d, Tensor z) {
    Tensor s = z.div(d.temperature()).logSoftmax(1);
    Tensor t = d.teacher().logits(Ops.arange(0, ROWS, Device.CPU)).narrow(1, 0, z.size(1)).div(d.temperature()).logSoftmax(1);
    Tensor value = switch (d.divergence()) {
      case Divergence.SoftCrossEntropy _ -> t.exp().mul(s).sum(1, false).neg();
      case Divergence.ForwardKl _ -> kl(t, s);
      case Divergence.ReverseKl _ -> kl(s, t);
      case Divergence.JensenShannon(double beta) -> {
        Tensor m = t.exp().mul(beta).add(s.exp().mul(1 - beta)).log();
        yield kl(t, m).mul(beta).add(kl(s, m).mul(1 - beta));
      }
    };
    return value.mul(d.factor());
  }

  private static Tensor sparse(SparseTargets known, Target target, Tensor z) {
    Tensor q = z.logSoftmax(1).gather(1, known.ids());
    Tensor p = known.logProbs().exp();
    Tensor kept = p.div(p.sum(1, true));
    return switch (target) {
      case RENORM -> kl(kept.log(), q);
      case RENORM_BOTH -> kl(kept.log(), q.logSoftmax(1));
      case SAMPLED -> p.mul(q).sum(1, false).neg();
      case TAIL -> {
        Tensor tail = q.exp().sum(1, false).neg().add(1.0).log();
        yield kl(known.logProbs(), q).add(known.rest().mul(known.rest().log().sub(tail)));
      }
    };
  }

  private static Tensor kl(Tensor p, Tensor q) {
    return p.exp().mul(p.sub(q)).sum(1, false);
  }

  private static Tensor targets() {
    return Tensor.of(1, 2, 3, 4, 5, 6);
  }

  private static Tensor at(Tensor logProbs, Tensor ids) {
    return logProbs.gather(1, ids.view(-1, 1)).squeeze(1);
  }
}
