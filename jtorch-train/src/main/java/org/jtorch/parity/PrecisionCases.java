package org.jtorch.parity;

import java.nio.file.Path;
import org.jtorch.decoder.Decoder;
import org.jtorch.family.Pretrained;
import org.jtorch.ffn.Routing;
import org.jtorch.loss.ChunkedLoss;
import org.jtorch.loss.CrossEntropy;
import org.jtorch.loss.Tokens;
import org.jtorch.tensor.DType;
import org.jtorch.tensor.Device;
import org.jtorch.tensor.Grad;
import org.jtorch.tensor.GradTape;
import org.jtorch.tensor.Tensor;
import org.jtorch.tensor.TensorScope;

/// Cases of the kind `causal_lm` in another type than float32: how far logits and gradients are from the stored ones, as the
/// relative L2 norm of the difference, over all of them together. Measured, not judged.
final class PrecisionCases {
  private static final String GRAD = "grad.";

  private PrecisionCases() {}

  static void run(Path folder, DType type, Findings findings) {
    Path config = folder.resolve("config.json");
    ModelCases.requireKnown(config);
    try (var io = CaseFolder.open(folder); var model = Pretrained.load(Pretrained.configFile(config), folder, Device.CPU, type)) {
      findings.part("logits", () -> findings.measured("logits, relative L2", logits(io, model).ratio()));
      if (!io.under(GRAD).isEmpty()) {
        findings.part("gradients", () -> findings.measured("gradients, relative L2", gradients(io, model).ratio()));
      }
    }
  }

  /// Sums of squares of a difference and of what it is compared with.
  private static final class Squares {
    private double difference;
    private double stored;

    void add(Tensor actual, Tensor expected) {
      try (var _ = TensorScope.open(); var _ = Grad.off()) {
        Tensor e = expected.to(DType.F64);
        difference += actual.to(DType.F64).reshape(e.shape()).sub(e).square().sum().item();
        stored += e.square().sum().item();
      }
    }

    double ratio() {
      return Math.sqrt(difference / stored);
    }
  }

  private static Squares logits(CaseFolder io, Decoder model) {
    var squares = new Squares();
    try (var _ = TensorScope.open(); var _ = Grad.off()) {
      squares.add(model.apply(io.tensor("input_ids"), ModelOutputs.pass(io, "")), io.tensor("logits"));
    }
    return squares;
  }

  /// Of the mean loss, with the balancing loss where the stored one contains it.
  private static Squares gradients(CaseFolder io, Decoder model) {
    var squares = new Squares();
    model.requiresGrad(true);
    try (var tape = GradTape.open()) {
      Tensor ids = io.tensor("input_ids");
      var routing = new Routing(tape.scope());
      Tensor hidden = model.hidden(ids, ModelOutputs.pass(io, "").withTape(tape).withRouting(routing), null);
      routing.trainWith(io.has("aux_loss") ? model.auxCoefficient() : 0);
      var tokens = Tokens.of(ModelOutputs.targets(io.tensor("labels").toLongs(), (int) ids.size(1), Tokens.IGNORE));
      new ChunkedLoss(CrossEntropy.PLAIN).backward(model, hidden, tokens.withScale(1.0 / tokens.trained()), tape);
    }
    try (var _ = TensorScope.open()) {
      var weights = model.weights();
      for (String name : io.under(GRAD)) {
        var weight = weights.get(name);
        Tensor g = weight == null ? null : weight.grad();
        if (g == null) {
          throw new IllegalArgumentException("a gradient of \"" + name + "\" is stored, but the model has none");
        }
        squares.add(g, io.tensor(GRAD + name));
      }
    } finally {
      model.zeroGrad();
    }
    return squares;
  }
}
