package org.jtorch.parity;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.Arrays;
import java.util.LinkedHashSet;
import java.util.Set;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.jtorch.decoder.Decoder;
import org.jtorch.ffn.Routing;
import org.jtorch.nn.Layout;
import org.jtorch.nn.Pass;
import org.jtorch.tensor.DType;
import org.jtorch.tensor.Grad;
import org.jtorch.tensor.Ops;
import org.jtorch.tensor.Tensor;
import org.jtorch.tensor.TensorScope;

/// Forward runs of a model case: logits, losses and hidden states of the main run, of padded, packed and other ones.
final class ModelOutputs {
  private final CaseFolder io;
  private final Decoder model;
  private final String suffix;
  private final Findings findings;

  /// @param suffix ends the name of every row, to tell configurations apart
  ModelOutputs(CaseFolder io, Decoder model, String suffix, Findings findings) {
    this.io = io;
    this.model = model;
    this.suffix = suffix;
    this.findings = findings;
  }

  void run() {
    for (String prefix : prefixes()) {
      findings.part(prefix + "logits" + suffix, () -> forward(prefix));
    }
  }

  /// The main run and every other one with stored logits: `padded.`, `packed.`, ... in alphabetical order.
  private Set<String> prefixes() {
    var found = new LinkedHashSet<String>();
    found.add("");
    io.under("").stream().filter(n -> n.endsWith(".logits") && !n.startsWith("grad.")).sorted()
        .map(n -> n.substring(0, n.length() - "logits".length())).forEach(found::add);
    return found;
  }

  private void forward(String prefix) {
    try (var scope = TensorScope.open(); var _ = Grad.off()) {
      Tensor ids = io.tensor(prefix + "input_ids");
      Set<Integer> wanted = prefix.isEmpty() ? hiddenIndices() : new LinkedHashSet<>();
      Tensor mask = padding(io, prefix);
      var routing = new Routing(scope, null, true);
      Tensor hidden = model.hidden(ids, pass(io, prefix).withRouting(routing), null, (i, h) -> {
        if (wanted.remove(i)) {
          findings.add(tolerance(prefix, "hidden_states", Tolerance.LOGITS)
              .check("hidden_states." + i + suffix, real(h, mask), io.tensor("hidden_states." + i)));
        }
      });
      wanted.forEach(i -> findings.fail("hidden_states." + i + suffix, "`hidden_state_indices` names " + i + ", but the model has 0 to "
          + model.config().layers()));
      Tensor logits = model.logits(hidden);
      Tensor stored = io.tensor(prefix + "logits");
      Tensor seen = stored.dim() == 2 ? logits.select(1, logits.size(1) - 1) : real(logits, mask);
      findings.add(tolerance(prefix, "logits", Tolerance.LOGITS).check(prefix + "logits" + suffix, seen, stored));
      if (io.has(prefix + "loss")) {
        losses(prefix, loss(logits, io.tensor(prefix + "labels")).item(), routing.auxLoss().item());
      }
      for (String layer : io.under(prefix + "router_logits.")) {
        router(prefix, layer, routing, mask);
      }
    }
  }

  /// Models with experts store the cross-entropy, the balancing loss and their sum; others the cross-entropy alone.
  private void losses(String prefix, double crossEntropy, double aux) {
    loss(prefix, "ce_loss", crossEntropy);
    loss(prefix, "aux_loss", aux);
    loss(prefix, "loss", crossEntropy + model.auxCoefficient() * aux);
  }

  private void loss(String prefix, String name, double value) {
    if (io.has(prefix + name)) {
      findings.add(Tolerance.of(io.settings(), Tolerance.LOSS, prefix + name, name, "loss")
          .check(prefix + name + suffix, new double[] {value}, io.doubles(prefix + name)));
    }
  }

  private void router(String prefix, String layer, Routing routing, @Nullable Tensor mask) {
    String name = "router_logits." + layer;
    findings.part(prefix + name + suffix, () -> {
      Tensor stored = io.tensor(prefix + name);                                     // [B * T, E]
      Tensor actual = routing.logits(Integer.parseInt(layer));
      Tensor seen = mask == null ? actual : actual.maskedFill(mask.not().reshape(-1, 1), 0);
      findings.add(Tolerance.of(io.settings(), Tolerance.LOGITS, prefix + name, name, "router_logits", "logits")
          .check(prefix + name + suffix, seen, stored));
    });
  }

  private Tolerance tolerance(String prefix, String name, Tolerance fallback) {
    return Tolerance.of(io.settings(), fallback, prefix + name, name);
  }

  private Set<Integer> hiddenIndices() {
    var wanted = new LinkedHashSet<Integer>();
    for (JsonNode i : io.settings().node().path("hidden_state_indices")) {
      wanted.add(i.intValue());
    }
    return wanted;
  }

  /// Positions, segments and padding as the case stores them.
  static Pass pass(CaseFolder io, String prefix) {
    Tensor positions = io.has(prefix + "position_ids") ? io.tensor(prefix + "position_ids") : null;
    Tensor segments = io.has(prefix + "segment_ids") ? io.tensor(prefix + "segment_ids") : null;
    return Pass.EMPTY.withLayout(new Layout(positions, segments, padding(io, prefix), null));
  }

  /// The attention mask as booleans, or null if it hides nothing. bool `[B, T]`
  static @Nullable Tensor padding(CaseFolder io, String prefix) {
    if (!io.has(prefix + "attention_mask")) {
      return null;
    }
    Tensor mask = io.tensor(prefix + "attention_mask");
    return Arrays.stream(mask.toLongs()).allMatch(m -> m == 1) ? null : mask.eq(1);
  }

  /// Zero where there is padding, as the stored values are. x `[B, T, n]`
  private static Tensor real(Tensor x, @Nullable Tensor mask) {
    return mask == null ? x : x.maskedFill(mask.not().unsqueeze(2), 0);
  }

  /// Mean cross-entropy of the next token. logits `[B, T, V]`, labels int64 `[B, T]`
  static Tensor loss(Tensor logits, Tensor labels) {
    long t = labels.size(1) - 1;
    Tensor flat = logits.narrow(1, 0, t).reshape(-1, logits.size(2));
    return Ops.crossEntropy(flat.to(DType.F32), labels.narrow(1, 1, t).reshape(-1));
  }

  /// The label of every position: the token after it, and none for the last of a row.
  static long[] targets(long[] labels, int width, long none) {
    return IntStream.range(0, labels.length).mapToLong(i -> i % width == width - 1 ? none : labels[i + 1]).toArray();
  }
}
