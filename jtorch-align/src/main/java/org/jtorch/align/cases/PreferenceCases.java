package org.jtorch.align.cases;

import java.nio.file.Path;
import java.util.Arrays;
import java.util.stream.LongStream;
import org.jspecify.annotations.Nullable;
import org.jtorch.align.preference.Apo;
import org.jtorch.align.preference.Bco;
import org.jtorch.align.preference.Dpo;
import org.jtorch.align.preference.DpoPerToken;
import org.jtorch.align.preference.Exo;
import org.jtorch.align.preference.Hinge;
import org.jtorch.align.preference.Ipo;
import org.jtorch.align.preference.Nca;
import org.jtorch.align.preference.PairScores;
import org.jtorch.align.preference.PreferenceLoss;
import org.jtorch.align.preference.RobustDpo;
import org.jtorch.align.preference.Sppo;
import org.jtorch.io.JsonFile;
import org.jtorch.loss.TokenLogProbs;
import org.jtorch.loss.Tokens;
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

/// The case `dpo` of the kind `loss`: losses on pairs from stored logits of policy and reference, against TRL.
public final class PreferenceCases implements CaseKind {
  private static final Tolerance VALUE = new Tolerance(2e-5, 2e-5, false);

  @Override public boolean knows(String kind, String name) {
    return kind.equals("loss") && name.equals("dpo");
  }

  @Override public void run(Path folder, Findings findings) {
    try (var io = CaseFolder.open(folder)) {
      findings.part("logps", () -> new Run(io, findings).logps());
      var variants = io.variants();
      for (int i = 0; i < variants.size(); i++) {
        String v = "v" + i + ".";
        var settings = variants.get(i);
        findings.part(v + "loss", () -> new Run(io, findings).variant(settings, v));
      }
    }
  }

  private static PreferenceLoss loss(JsonFile v) {
    double beta = v.requiredDouble("beta");
    double smoothing = v.optDouble("label_smoothing", 0);
    String type = v.requiredString("loss_type");
    return switch (type) {
      case "sigmoid" -> new Dpo(beta, smoothing);
      case "robust" -> new RobustDpo(beta, smoothing);
      case "ipo" -> new Ipo(beta);
      case "ipo_sum" -> new Ipo(beta, false);
      case "hinge" -> new Hinge(beta);
      case "sigmoid_norm" -> new DpoPerToken(beta);
      case "nca_pair" -> new Nca(beta);
      case "bco_pair" -> new Bco(beta);
      case "sppo_hard" -> new Sppo(beta);
      case "apo_zero" -> new Apo(beta, Apo.Anchor.ZERO);
      case "apo_down" -> new Apo(beta, Apo.Anchor.DOWN);
      case "exo_pair" -> new Exo(beta, smoothing);
      default -> throw new IllegalArgumentException("no preference loss is called \"" + type + "\" in this version");
    };
  }

  /// One pass over the case's logits.
  private static final class Run {
    private final CaseFolder io;
    private final Findings findings;
    private final long[] targets;
    private final int rows;
    private final int seqLen;

    Run(CaseFolder io, Findings findings) {
      this.io = io;
      this.findings = findings;
      try (var _ = TensorScope.open()) {
        Tensor ids = io.tensor("input_ids");
        rows = (int) ids.size(0);
        seqLen = (int) ids.size(1);
        targets = shifted(ids.toLongs(), io.tensor("completion_mask").toLongs());
      }
    }

    /// The token after each position, where it belongs to the completion.
    private long[] shifted(long[] ids, long[] mask) {
      long[] next = new long[ids.length];
      for (int i = 0; i < ids.length; i++) {
        boolean last = i % seqLen == seqLen - 1;
        next[i] = !last && mask[i + 1] == 1 ? ids[i + 1] : Tokens.IGNORE;
      }
      return next;
    }

    /// Completion tokens of each row. `[rows]`
    private Tensor lengths() {
      float[] counts = new float[rows];
      for (int r = 0; r < rows; r++) {
        counts[r] = LongStream.of(Arrays.copyOfRange(targets, r * seqLen, (r + 1) * seqLen)).filter(t -> t != Tokens.IGNORE).count();
      }
      return Tensor.of(counts);
    }

    /// Each token's log-probability, through a head that is the identity. logits `[rows, T, V]`; result `[rows, T]`
    private Tensor tokens(HeadOnly head, Tensor logits, @Nullable GradTape tape) {
      return new TokenLogProbs().of(head, logits, targets, tape).view(rows, seqLen);
    }

    private static Tensor identity(long n) {
      return Ops.arange(0, n, Device.CPU).view(-1, 1).eq(Ops.arange(0, n, Device.CPU).view(1, -1))
          .to(DType.F32);
    }

    void logps() {
      try (var _ = TensorScope.open(); var head = new HeadOnly(identity(io.tensor("policy_logits").size(2)), SoftCap.NONE);
          var _ = Grad.off()) {
        for (String model : new String[] {"policy", "reference"}) {
          Tensor sums = tokens(head, io.tensor(model + "_logits"), null).sum(1, false);
          value(model + "_chosen_logps", sums.narrow(0, 0, rows / 2));
          value(model + "_rejected_logps", sums.narrow(0, rows / 2, rows / 2));
        }
      }
    }

    void variant(JsonFile settings, String v) {
      var loss = loss(settings);
      try (var _ = TensorScope.open(); var head = new HeadOnly(identity(io.tensor("policy_logits").size(2)), SoftCap.NONE)) {
        Tensor kept;
        try (var _ = Grad.off()) {
          kept = tokens(head, io.tensor("reference_logits"), null).sum(1, false);
        }
        Tensor logits = io.tensor("policy_logits").requiresGrad(true);
        try (var tape = GradTape.open()) {
          Tensor tokens = tokens(head, logits, tape);
          Tensor logps = tokens.sum(1, false);
          preference(loss, logps.detach().requiresGrad(true), kept, v);
          Tensor total = withLikelihood(loss.losses(PairScores.of(logps.sub(kept), lengths())).mean(), tokens, settings);
          value(v + "loss", total.detach());
          tape.backward(total);
        }
        if (io.has("grad." + v + "policy_logits")) {
          gradient(v + "policy_logits", logits);
        }
        head.zeroGrad();
      }
    }

    private Tensor withLikelihood(Tensor loss, Tensor tokens, JsonFile settings) {
      double nll = settings.optDouble("rpo_alpha", 0);
      if (nll == 0) {
        return loss;
      }
      double trained = lengths().narrow(0, 0, rows / 2).sum().item();
      return loss.sub(tokens.narrow(0, 0, rows / 2).sum().mul(nll / trained));
    }

    /// Losses, rewards, and the gradients of the log-probabilities' sums.
    private void preference(PreferenceLoss loss, Tensor logps, Tensor kept, String v) {
      int n = rows / 2;
      var pairs = PairScores.of(logps.sub(kept), lengths());
      Tensor losses = loss.losses(pairs);
      losses.mean().backward();
      value(v + "losses", losses.detach());
      if (io.has("expected." + v + "accuracy")) {
        value(v + "chosen_rewards", pairs.chosen().detach().mul(loss.beta()));
        value(v + "rejected_rewards", pairs.rejected().detach().mul(loss.beta()));
        Tensor margin = pairs.margin().detach();
        value(v + "accuracy", margin.gt(Ops.zerosLike(margin)).to(DType.F32).mean());
      }
      Tensor gradient = logps.grad();
      if (gradient == null) {
        findings.fail("grad." + v + "policy_chosen_logps", "no gradient arrived");
        return;
      }
      compare(v + "policy_chosen_logps", gradient.narrow(0, 0, n));
      compare(v + "policy_rejected_logps", gradient.narrow(0, n, n));
    }

    private void value(String name, Tensor actual) {
      findings.add(Tolerance.of(io.settings(), VALUE, "expected").check(name, actual.toDoubles(), io.doubles("expected." + name)));
    }

    private void gradient(String name, Tensor leaf) {
      Tensor gradient = leaf.grad();
      if (gradient == null) {
        findings.fail("grad." + name, "no gradient arrived");
      } else {
        compare(name, gradient);
      }
    }

    private void compare(String name, Tensor gradient) {
      findings.add(Tolerance.of(io.settings(), Tolerance.GRADIENT, "grad")
          .check("grad." + name, gradient.contiguous().toDoubles(), io.doubles("grad." + name)));
    }
  }
}
