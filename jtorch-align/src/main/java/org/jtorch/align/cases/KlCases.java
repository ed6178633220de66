package org.jtorch.align.cases;

import java.nio.file.Path;
import java.util.Locale;
import org.jspecify.annotations.Nullable;
import org.jtorch.align.policy.KlEstimator;
import org.jtorch.io.JsonFile;
import org.jtorch.loss.Distillation;
import org.jtorch.loss.Divergence;
import org.jtorch.loss.Teacher;
import org.jtorch.loss.TokenLogProbs;
import org.jtorch.loss.TokenLoss;
import org.jtorch.nn.SoftCap;
import org.jtorch.parity.CaseFolder;
import org.jtorch.parity.CaseKind;
import org.jtorch.parity.Findings;
import org.jtorch.parity.HeadOnly;
import org.jtorch.parity.Tolerance;
import org.jtorch.tensor.DType;
import org.jtorch.tensor.Device;
import org.jtorch.tensor.Grad;
import org.jtorch.tensor.GradTape;
import org.jtorch.tensor.Ops;
import org.jtorch.tensor.Tensor;
import org.jtorch.tensor.TensorScope;

/// The case `kl_estimators` of the kind `loss`: k1, k2, k3 and the whole distribution, from stored logits.
public final class KlCases implements CaseKind {
  private static final Tolerance VALUE = new Tolerance(2e-5, 2e-5, false);

  @Override public boolean knows(String kind, String name) {
    return kind.equals("loss") && name.equals("kl_estimators");
  }

  @Override public void run(Path folder, Findings findings) {
    try (var io = CaseFolder.open(folder)) {
      var variants = io.variants();
      for (int i = 0; i < variants.size(); i++) {
        String v = "v" + i + ".";
        var settings = variants.get(i);
        findings.part(v + "loss", () -> {
          try (var _ = TensorScope.open()) {
            new Run(io, findings).variant(settings, v);
          }
        });
      }
    }
  }

  private record Run(CaseFolder io, Findings findings) {
    void variant(JsonFile settings, String v) {
      String estimator = settings.requiredString("estimator");
      if (estimator.equals("full")) {
        whole(v);
      } else {
        sampled(KlEstimator.valueOf(estimator.toUpperCase(Locale.ROOT)), v);
      }
    }

    private void sampled(KlEstimator estimator, String v) {
      Tensor logits = io.tensor("policy_logits").requiresGrad(true);
      try (var head = new HeadOnly(identity(logits.size(2)), SoftCap.NONE); var tape = GradTape.open()) {
        Tensor now = new TokenLogProbs().of(head, logits, targets(), tape);
        Tensor kept = reference(head);
        value("policy_logps", now.detach());
        value("reference_logps", kept);
        Tensor each = estimator.of(now.sub(kept));
        Tensor loss = each.mul(mask()).sum().div(mask().sum());
        report(each.detach(), loss.detach(), v);
        tape.backward(loss);
        head.zeroGrad();
      }
      gradient(v, logits.grad());
    }

    private Tensor reference(HeadOnly head) {
      try (var _ = Grad.off()) {
        return new TokenLogProbs().of(head, io.tensor("reference_logits"), targets(), null);
      }
    }

    /// KL(π‖reference) is the divergence of a student that is the policy from a teacher that is the reference.
    private void whole(String v) {
      try (var _ = Grad.off()) {
        Tensor policy = io.tensor("policy_logits");
        Tensor flat = policy.reshape(-1, policy.size(2));
        Tensor reference = io.tensor("reference_logits").reshape(-1, policy.size(2));
        Teacher teacher = rows -> reference.indexSelect(0, rows);
        var loss = new Distillation(teacher, new Divergence.ReverseKl());
        Tensor rows = Ops.arange(0, flat.size(0), Device.CPU);
        var chunk = new TokenLoss.Chunk(flat.copy(), io.tensor("labels").reshape(-1), mask().div(mask().sum()), rows, Double.POSITIVE_INFINITY);
        Tensor each = loss.gradient(chunk);
        report(each, each.mul(mask()).sum().div(mask().sum()), v);
        gradient(v, chunk.logits().view(policy.shape()));
      }
    }

    private Tensor mask() {
      return io.tensor("mask").to(DType.F32).reshape(-1);
    }

    private long[] targets() {
      return io.tensor("labels").toLongs();
    }

    private static Tensor identity(long n) {
      return Ops.arange(0, n, Device.CPU).view(-1, 1).eq(Ops.arange(0, n, Device.CPU).view(1, -1)).to(DType.F32);
    }

    private void report(Tensor each, Tensor loss, String v) {
      long rows = io.tensor("mask").size(0);
      value(v + "per_token", each);
      value(v + "sum_per_sequence", each.mul(mask()).view(rows, -1).sum(1, false));
      value(v + "loss", loss);
    }

    private void value(String what, Tensor actual) {
      findings.add(Tolerance.of(io.settings(), VALUE, "expected").check(what, actual.toDoubles(), io.doubles("expected." + what)));
    }

    private void gradient(String v, @Nullable Tensor gradient) {
      String what = v + "policy_logits";
      if (gradient == null) {
        findings.fail("grad." + what, "no gradient arrived");
        return;
      }
      findings.add(Tolerance.of(io.settings(), Tolerance.GRADIENT, "grad").check("grad." + what, gradient.contiguous().toDoubles(),
          io.doubles("grad." + what)));
    }
  }
}
