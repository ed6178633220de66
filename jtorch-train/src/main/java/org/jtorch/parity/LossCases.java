package org.jtorch.parity;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.file.Path;
import java.util.Set;
import java.util.stream.LongStream;
import org.jtorch.ffn.Routing;
import org.jtorch.head.BradleyTerry;
import org.jtorch.io.JsonFile;
import org.jtorch.loss.ChunkedCrossEntropy;
import org.jtorch.loss.CrossEntropy;
import org.jtorch.loss.TokenLoss;
import org.jtorch.loss.Tokens;
import org.jtorch.nn.SoftCap;
import org.jtorch.tensor.DType;
import org.jtorch.tensor.Grad;
import org.jtorch.tensor.GradTape;
import org.jtorch.tensor.Ops;
import org.jtorch.tensor.Tensor;
import org.jtorch.tensor.TensorScope;
import org.jtorch.tensor.kernel.TokenPass;

/// Cases of the kind `loss`: those functions that this version has.
final class LossCases {
  private static final Tolerance VALUE = new Tolerance(2e-5, 2e-5, false);
  private static final String CHUNKED = "chunked_cross_entropy";
  private static final String PLAIN = "cross_entropy";
  private static final String Z_LOSS = "z_loss";
  private static final String LOG_PROBS = "token_logprobs";
  private static final String EXPERTS = "moe_load_balancing";
  private static final String SOFT_CAP = "soft_cap";
  private static final String RANKING = "reward_bradley_terry";

  private LossCases() {}

  static void run(Path folder, Findings findings) {
    try (var io = CaseFolder.open(folder)) {
      String name = io.settings().requiredString("case");
      if (!Set.of(CHUNKED, PLAIN, Z_LOSS, LOG_PROBS, EXPERTS, SOFT_CAP, RANKING).contains(name) && !DistillationCases.NAMES.contains(name)) {
        throw new NotSupportedException("the loss \"" + name + "\" is not supported by this version");
      }
      if (name.equals(LOG_PROBS)) {
        findings.part("logps", () -> logProbs(io, findings));
        return;
      }
      var variants = io.variants();
      for (int i = 0; i < variants.size(); i++) {
        String v = "v" + i + ".";
        var settings = variants.get(i);
        findings.part(v + "loss", () -> {
          switch (name) {
            case CHUNKED -> chunked(io, settings, v, findings);
            case EXPERTS -> experts(io, settings, v, findings);
            case SOFT_CAP -> softCap(io, settings, v, findings);
            case RANKING -> ranking(io, settings, v, findings);
            case PLAIN, Z_LOSS -> plain(io, settings, v, findings);
            default -> DistillationCases.run(io, name, settings, v, findings);
          }
        });
      }
    }
  }

  private static void chunked(CaseFolder io, JsonFile variant, String v, Findings findings) {
    var cap = variant.has("soft_cap") ? new SoftCap(variant.requiredDouble("soft_cap")) : SoftCap.NONE;
    for (JsonNode size : variant.node().path("chunk_sizes")) {
      findings.part(v + "loss, chunks of " + size, () -> chunked(io, cap, size.intValue(), v, findings));
    }
  }

  private static void chunked(CaseFolder io, SoftCap cap, int chunk, String v, Findings findings) {
    String how = ", chunks of " + chunk;
    try (var _ = TensorScope.open(); var model = new HeadOnly(io.tensor("weight"), cap); var tape = GradTape.open()) {
      Tensor hidden = io.tensor("hidden").unsqueeze(0).requiresGrad(true);                // [1, N, C]
      long[] labels = io.tensor("labels").toLongs();
      long trained = LongStream.of(labels).filter(l -> l != ChunkedCrossEntropy.IGNORE).count();
      double sum = new ChunkedCrossEntropy(chunk).backward(model, hidden, labels, 1.0 / trained, tape);
      findings.add(value(io).check(v + "loss" + how, new double[] {sum / trained}, io.doubles("expected." + v + "loss")));
      gradient(io, v + "hidden", how, hidden, findings);
      gradient(io, v + "weight", how, model.head().tensor(), findings);
      model.zeroGrad();
    }
  }

  private static void plain(CaseFolder io, JsonFile variant, String v, Findings findings) {
    try (var _ = TensorScope.open(); var _ = Grad.off()) {
      var loss = new CrossEntropy(variant.optDouble("label_smoothing", 0), variant.optDouble("z_coef", 0));
      Tensor stored = io.tensor("logits");                                               // [..., V]
      long[] labels = io.tensor("labels").toLongs();
      long trained = LongStream.of(labels).filter(l -> l != Tokens.IGNORE).count();
      var weights = new float[labels.length];
      for (int i = 0; i < labels.length; i++) {
        weights[i] = labels[i] == Tokens.IGNORE ? 0 : 1f / trained;
      }
      Tensor logits = stored.flatten(0, stored.dim() - 2).copy();
      var chunk = new TokenLoss.Chunk(logits, Tensor.of(LongStream.of(labels).map(l -> Math.max(0, l)).toArray()), Tensor.of(weights),
          Ops.arange(0, labels.length, logits.device()), Double.POSITIVE_INFINITY);
      Tensor values = loss.gradient(chunk);
      findings.add(value(io).check(v + "loss", new double[] {values.mul(chunk.weights()).sum().item()}, io.doubles("expected." + v + "loss")));
      compare(io, v + "logits", "", logits, findings);
    }
  }

  /// `Σ weight · y`
  private static void softCap(CaseFolder io, JsonFile variant, String v, Findings findings) {
    try (var _ = TensorScope.open()) {
      Tensor x = io.tensor("x").copy().requiresGrad(true);
      Tensor y = new SoftCap(variant.requiredDouble("cap")).apply(x);
      Tensor loss = y.mul(io.tensor("weight")).sum();
      loss.backward();
      findings.add(value(io).check(v + "y", y.detach().toDoubles(), io.doubles("expected." + v + "y")));
      findings.add(value(io).check(v + "loss", new double[] {loss.item()}, io.doubles("expected." + v + "loss")));
      gradient(io, v + "x", "", x, findings);
    }
  }

  /// A reward model's loss on pairs, with and without margins, centering and soft labels.
  private static void ranking(CaseFolder io, JsonFile variant, String v, Findings findings) {
    try (var _ = TensorScope.open()) {
      Tensor chosen = io.tensor("chosen").requiresGrad(true);
      Tensor rejected = io.tensor("rejected").requiresGrad(true);
      Tensor scores = Ops.cat(0, chosen, rejected);
      boolean soft = variant.optBoolean("soft_labels", false);
      Tensor margins = variant.optBoolean("margin", false) ? io.tensor("margin") : null;
      var rule = new BradleyTerry(variant.optDouble("center_rewards_coefficient", 0));
      Tensor loss = soft ? rule.softLoss(scores, io.tensor("preference")) : rule.loss(scores, margins);
      Tensor losses = soft ? BradleyTerry.softLosses(scores, io.tensor("preference")) : BradleyTerry.losses(scores, margins);
      loss.backward();
      findings.add(value(io).check(v + "losses", losses.detach().toDoubles(), io.doubles("expected." + v + "losses")));
      findings.add(value(io).check(v + "loss", new double[] {loss.item()}, io.doubles("expected." + v + "loss")));
      if (v.equals("v0.")) {
        double right = BradleyTerry.lead(scores.detach()).gt(Ops.zerosLike(chosen)).to(DType.F32).mean().item();
        findings.add(value(io).check("accuracy", new double[] {right}, io.doubles("expected.accuracy")));
      }
      gradient(io, v + "chosen", "", chosen, findings);
      gradient(io, v + "rejected", "", rejected, findings);
    }
  }

  /// Log-probabilities of chosen tokens and, through them, the gradient of `-Σ mask · log p`.
  private static void logProbs(CaseFolder io, Findings findings) {
    try (var _ = TensorScope.open(); var _ = Grad.off()) {
      Tensor stored = io.tensor("logits");
      Tensor logits = stored.flatten(0, stored.dim() - 2).copy();
      Tensor targets = io.tensor("labels").reshape(-1);
      Tensor mask = io.tensor("mask").to(logits.dtype()).reshape(-1);
      var rows = TokenPass.forward(logits, targets);
      Tensor logps = rows.logProbs();
      var tolerance = value(io);
      findings.add(tolerance.check("logps", logps.view(io.tensor("mask").shape()), io.tensor("expected.logps")));
      Tensor sums = logps.mul(mask).view(io.tensor("mask").shape()).sum(1, false);
      findings.add(tolerance.check("sum_logps", sums, io.tensor("expected.sum_logps")));
      findings.add(tolerance.check("mean_logps", sums.div(mask.view(io.tensor("mask").shape()).sum(1, false)), io.tensor("expected.mean_logps")));
      findings.add(tolerance.check("loss", new double[] {-sums.sum().item()}, io.doubles("expected.loss")));
      TokenPass.gradient(logits, targets, rows.lse(), mask.neg(), null, mask, Double.POSITIVE_INFINITY);
      compare(io, "logits", "", logits, findings);
    }
  }

  private static void experts(CaseFolder io, JsonFile variant, String v, Findings findings) {
    try (var scope = TensorScope.open()) {
      Tensor mask = variant.optBoolean("attention_mask", false) ? io.tensor("attention_mask").eq(1) : null;
      var routing = new Routing(scope, mask, true);
      int active = (int) variant.optLong("top_k", 1);
      var layers = io.under("router_logits.").stream().map(Integer::valueOf).sorted().toList();
      var logits = layers.stream().map(l -> io.tensor("router_logits." + l).requiresGrad(true)).toList();
      for (int i = 0; i < logits.size(); i++) {
        routing.record(layers.get(i), logits.get(i), active);
      }
      Tensor loss = variant.optString("term", "").equals("router_z_loss") ? routing.zLoss() : routing.auxLoss();
      loss.backward();
      findings.add(value(io).check(v + "loss", new double[] {loss.item()}, io.doubles("expected." + v + "loss")));
      for (int i = 0; i < logits.size(); i++) {
        gradient(io, v + "router_logits." + layers.get(i), "", logits.get(i), findings);
      }
    }
  }

  private static Tolerance value(CaseFolder io) {
    return Tolerance.of(io.settings(), VALUE, "expected");
  }

  private static void gradient(CaseFolder io, String name, String how, Tensor leaf, Findings findings) {
    Tensor gradient = leaf.grad();
    if (gradient == null) {
      findings.fail("grad." + name + how, "no gradient arrived");
      return;
    }
    compare(io, name, how, gradient, findings);
  }

  private static void compare(CaseFolder io, String name, String how, Tensor gradient, Findings findings) {
    Tensor stored = io.tensor("grad." + name);
    findings.add(Tolerance.of(io.settings(), Tolerance.GRADIENT, "grad")
        .check("grad." + name + how, gradient.reshape(stored.shape()), stored));
  }
}
