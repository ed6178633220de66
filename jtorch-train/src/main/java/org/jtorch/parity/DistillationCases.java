package org.jtorch.parity;

import java.util.Set;
import java.util.stream.LongStream;
import org.jtorch.io.JsonFile;
import org.jtorch.loss.Distillation;
import org.jtorch.loss.Divergence;
import org.jtorch.loss.SparseDistillation;
import org.jtorch.loss.SparseDistillation.Target;
import org.jtorch.loss.SparseTargets;
import org.jtorch.loss.Teacher;
import org.jtorch.loss.TokenLoss;
import org.jtorch.loss.Tokens;
import org.jtorch.loss.TopOneMixture;
import org.jtorch.tensor.Grad;
import org.jtorch.tensor.Ops;
import org.jtorch.tensor.Tensor;
import org.jtorch.tensor.TensorScope;

/// Losses against a teacher's logits and their gradients, against `torch.nn.functional.kl_div` and TRL.
final class DistillationCases {
  static final Set<String> NAMES = Set.of("distill_kl", "distill_top1_mixture", "distill_topk", "gkd_jsd");

  private DistillationCases() {}

  static void run(CaseFolder io, String name, JsonFile variant, String v, Findings findings) {
    try (var _ = TensorScope.open(); var _ = Grad.off()) {
      Tensor stored = io.tensor("student_logits");
      Tensor logits = stored.flatten(0, 1).copy();
      long[] labels = io.tensor("labels").toLongs();
      Tensor real = Tensor.of(LongStream.of(labels).map(l -> l == Tokens.IGNORE ? 0 : 1).toArray()).to(logits.dtype());
      var chunk = new TokenLoss.Chunk(logits, Tensor.of(LongStream.of(labels).map(l -> Math.max(0, l)).toArray()), real.div(real.sum()),
          Ops.arange(0, labels.length, logits.device()), Double.POSITIVE_INFINITY);
      Tensor values = loss(io, name, variant, findings).gradient(chunk);
      var tolerance = Tolerance.of(io.settings(), Tolerance.LOSS, "loss", "expected");
      findings.add(tolerance.check(v + "loss", new double[] {values.mul(chunk.weights()).sum().item()}, io.doubles("expected." + v + "loss")));
      findings.add(Tolerance.of(io.settings(), Tolerance.GRADIENT, "grad").check("grad." + v + "student_logits", logits.view(stored.shape()),
          io.tensor("grad." + v + "student_logits")));
    }
  }

  private static TokenLoss loss(CaseFolder io, String name, JsonFile variant, Findings findings) {
    if (name.equals("distill_topk")) {
      return sparse(io, variant, findings);
    }
    Tensor theirs = io.tensor("teacher_logits").flatten(0, 1);
    Teacher teacher = rows -> theirs.indexSelect(0, rows);
    double temperature = variant.optDouble("temperature", 1);
    return switch (name) {
      case "distill_kl" -> new Distillation(teacher, Divergence.of(variant.requiredString("direction").equals("reverse") ? 1 : 0),
          temperature, temperature * temperature);
      case "gkd_jsd" -> new Distillation(teacher, Divergence.of(variant.requiredDouble("beta")), temperature, 1);
      default -> new TopOneMixture(teacher, variant.requiredDouble("teacher_weight"));
    };
  }

  /// From the most probable tokens of the teacher, which must be the stored ones.
  private static TokenLoss sparse(CaseFolder io, JsonFile variant, Findings findings) {
    int k = variant.requiredInt("k");
    var known = SparseTargets.top(io.tensor("teacher_logits").flatten(0, 1), k);
    String name = "k" + k + ".teacher_logprobs";
    Tensor stored = io.tensor(name);
    findings.add(Tolerance.of(io.settings(), Tolerance.LOSS, "loss", "expected").check(name, known.logProbs().view(stored.shape()), stored));
    String mode = variant.requiredString("mode");
    return new SparseDistillation(known, switch (mode) {
      case "renormalized_teacher" -> Target.RENORM;
      case "renormalized_both" -> Target.RENORM_BOTH;
      case "tail_bucket" -> Target.TAIL;
      case "truncated_cross_entropy" -> Target.SAMPLED;
      default -> throw new NotSupportedException("the mode \"" + mode + "\" of distill_topk is not known");
    });
  }
}
