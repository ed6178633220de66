package org.jtorch.parity;

import org.jtorch.decoder.Decoder;
import org.jtorch.ffn.Routing;
import org.jtorch.nn.Pass;
import org.jtorch.tensor.GradTape;
import org.jtorch.tensor.Tensor;
import org.jtorch.tensor.TensorScope;

/// Gradients of a model case, by plain autograd, by the tape, and by the tape with recomputed activations.
final class ModelGradients {
  private static final String GRAD = "grad.";
  private final CaseFolder io;
  private final Decoder model;
  private final String suffix;
  private final Findings findings;

  ModelGradients(CaseFolder io, Decoder model, String suffix, Findings findings) {
    this.io = io;
    this.model = model;
    this.suffix = suffix;
    this.findings = findings;
  }

  void run() {
    if (io.under(GRAD).isEmpty()) {
      return;
    }
    model.requiresGrad(true);
    one("autograd", this::plain);
    one("tape", () -> taped(false));
    one("checkpointed", () -> taped(true));
    model.requiresGrad(false);
  }

  private void one(String how, Findings.Part backward) {
    String what = "(" + how + ")" + suffix;
    findings.part("gradients " + what, () -> {
      try (var _ = TensorScope.open()) {
        model.zeroGrad();
        backward.run();
        new StoredGradients(io, model.weights(), what).compare(findings);
      } finally {
        model.zeroGrad();
      }
    });
  }

  private void plain() {
    try (var scope = TensorScope.open()) {
      var routing = new Routing(scope);
      Tensor loss = loss(ModelOutputs.pass(io, "").withRouting(routing));
      double coefficient = coefficient();
      (coefficient == 0 ? loss : loss.add(routing.auxLoss().mul(coefficient))).backward();
    }
  }

  private void taped(boolean checkpoint) {
    try (var tape = GradTape.open()) {
      var routing = new Routing(tape.scope());
      Tensor loss = loss(ModelOutputs.pass(io, "").withTape(tape).withCheckpoint(checkpoint).withRouting(routing));
      routing.trainWith(coefficient());
      tape.backward(loss);
    }
  }

  private Tensor loss(Pass pass) {
    return ModelOutputs.loss(model.apply(io.tensor("input_ids"), pass), io.tensor("labels"));
  }

  /// Of the balancing loss, where the stored loss contains it.
  private double coefficient() {
    return io.has("aux_loss") ? model.auxCoefficient() : 0;
  }
}
