package org.jtorch.parity;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.file.Path;
import java.util.Set;
import java.util.stream.LongStream;
import org.jtorch.ffn.Routing;
import org.jtorch.io.JsonFile;
import org.jtorch.loss.ChunkedCrossEntropy;
import org.jtorch.nn.SoftCap;
import org.jtorch.tensor.GradTape;
import org.jtorch.tensor.Ops;
import org.jtorch.tensor.Tensor;
import org.jtorch.tensor.TensorScope;

/// Cases of the kind `loss`: those functions that this version has.
final class LossCases {
  private static final Tolerance VALUE = new Tolerance(2e-5, 2e-5, false);
  private static final String CHUNKED = "chunked_cross_entropy";
  private static final String PLAIN = "cross_entropy";
  private static final String EXPERTS = "moe_load_balancing";

  private LossCases() {}

  static void run(Path folder, Findings findings) {
    try (var io = CaseFolder.open(folder)) {
      String name = io.settings().requiredString("case");
      if (!Set.of(CHUNKED, PLAIN, EXPERTS).contains(name)) {
        throw new NotSupportedException("the loss \"" + name + "\" is not supported by this version");
      }
      var variants = io.variants();
      for (int i = 0; i < variants.size(); i++) {
        String v = "v" + i + ".";
        var settings = variants.get(i);
        findings.part(v + "loss", () -> {
          switch (name) {
            case CHUNKED -> chunked(io, settings, v, findings);
            case EXPERTS -> experts(io, settings, v, findings);
            default -> plain(io, settings, v, findings);
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
    if (variant.optDouble("label_smoothing", 0) != 0) {
      throw new NotSupportedException("label smoothing is not supported by this version");
    }
    try (var _ = TensorScope.open()) {
      Tensor logits = io.tensor("logits").requiresGrad(true);                            // [..., V]
      Tensor loss = Ops.crossEntropy(logits.flatten(0, logits.dim() - 2), io.tensor("labels").reshape(-1));
      loss.backward();
      findings.add(value(io).check(v + "loss", new double[] {loss.item()}, io.doubles("expected." + v + "loss")));
      gradient(io, v + "logits", "", logits, findings);
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
    Tensor stored = io.tensor("grad." + name);
    findings.add(Tolerance.of(io.settings(), Tolerance.GRADIENT, "grad")
        .check("grad." + name + how, gradient.reshape(stored.shape()), stored));
  }
}
