package org.jtorch.parity;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jtorch.decoder.Decoder;
import org.jtorch.ffn.Routing;
import org.jtorch.nn.Pass;
import org.jtorch.tensor.GradTape;
import org.jtorch.tensor.Ops;
import org.jtorch.tensor.Tensor;
import org.jtorch.tensor.TensorScope;

/// Gradients of a model case, by plain autograd, by the tape, and by the tape with recomputed activations.
final class ModelGradients {
  private static final String GRAD = "grad.";
  private final CaseFolder io;
  private final Decoder model;
  private final String suffix;
  private final Findings findings;
  private final Tolerance tolerance;

  ModelGradients(CaseFolder io, Decoder model, String suffix, Findings findings) {
    this.io = io;
    this.model = model;
    this.suffix = suffix;
    this.findings = findings;
    this.tolerance = Tolerance.of(io.settings(), Tolerance.GRADIENT, "grad");
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
        compare(what);
        norms(what);
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

  /// One row for all gradients that agree, with the worst of them, and one for each that does not.
  private void compare(String what) {
    var good = new ArrayList<Check>();
    for (String name : io.under(GRAD)) {
      var check = check(name, what);
      if (check.passed()) {
        good.add(check);
      } else {
        findings.add(check);
      }
    }
    worst(good).ifPresent(w -> findings.add(new Check("gradients " + what, w.maxAbs(), w.maxRel(), true,
        good.size() + " tensors, worst " + w.what() + "; " + w.note())));
  }

  private Check check(String name, String what) {
    var weight = model.weights().get(name);
    Tensor gradient = weight == null ? null : weight.grad();
    if (gradient == null) {
      return new Check(GRAD + name + " " + what, Double.NaN, Double.NaN, false,
          weight == null ? "the model has no such weight" : "no gradient arrived");
    }
    return tolerance.check(GRAD + name + " " + what, gradient, io.tensor(GRAD + name));
  }

  private static Optional<Check> worst(List<Check> checks) {
    return checks.stream().max((a, b) -> Double.compare(a.maxRel(), b.maxRel()));
  }

  /// The norms of all gradients, those that are not stored in full among them.
  private void norms(String what) {
    var stored = new LinkedHashMap<String, Double>();
    for (Map.Entry<String, com.fasterxml.jackson.databind.JsonNode> e : io.settings().node().path("grad_norm").properties()) {
      stored.put(e.getKey(), e.getValue().doubleValue());
    }
    if (stored.isEmpty()) {
      return;
    }
    double[] actual = stored.keySet().stream().mapToDouble(this::norm).toArray();
    double[] expected = stored.values().stream().mapToDouble(Double::doubleValue).toArray();
    double relative = tolerance.ofLargest() ? tolerance.rtol() : Tolerance.GRADIENT.rtol();
    // a norm may be off by more than the largest element is, in proportion: 10 covers it
    findings.add(new Tolerance(1e-6, 10 * relative, false).check("grad_norm " + what, actual, expected));
  }

  private double norm(String name) {
    var weight = model.weights().get(name);
    Tensor gradient = weight == null ? null : weight.grad();
    return gradient == null ? Double.NaN : Ops.norm(gradient.contiguous()).item();
  }
}
