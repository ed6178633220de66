package org.jtorch.parity;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.jtorch.nn.Weight;
import org.jtorch.tensor.Ops;
import org.jtorch.tensor.Tensor;

/// The gradients that a case stores against those that a model has now: `grad.<name>` in full, `grad_norm` of all.
final class StoredGradients {
  private static final String GRAD = "grad.";
  /// A key's bias shifts all scores of a query alike, so its gradient is zero up to rounding.
  private static final String KEY_BIAS = ".key.bias";
  private static final double ZERO = 1e-6;
  private final CaseFolder io;
  private final Map<String, Weight> weights;
  private final String how;
  private final Tolerance tolerance;

  /// @param how ends the name of every row
  StoredGradients(CaseFolder io, Map<String, Weight> weights, String how) {
    this.io = io;
    this.weights = weights;
    this.how = how;
    this.tolerance = Tolerance.of(io.settings(), Tolerance.GRADIENT, "grad");
  }

  /// One row for all gradients that agree, with the worst of them, one for each that does not, and one for the norms.
  void compare(Findings findings) {
    var good = new ArrayList<Check>();
    for (String name : io.under(GRAD)) {
      var check = check(name);
      if (check.passed()) {
        good.add(check);
      } else {
        findings.add(check);
      }
    }
    good.stream().max(Comparator.comparingDouble(Check::maxRel)).ifPresent(w -> findings.add(new Check("gradients " + how, w.maxAbs(),
        w.maxRel(), true, good.size() + " tensors, worst " + w.what() + "; " + w.note())));
    norms(findings);
  }

  private Check check(String name) {
    String what = GRAD + name + " " + how;
    Tensor gradient = gradient(name);
    if (gradient == null) {
      return new Check(what, Double.NaN, Double.NaN, false,
          weights.containsKey(name) ? "no gradient arrived" : "the model has no such weight");
    }
    if (name.endsWith(KEY_BIAS) && largest(gradient) < ZERO && largest(io.tensor(GRAD + name)) < ZERO) {
      return new Check(what, largest(gradient), 0, true, "zero up to rounding");
    }
    return tolerance.check(what, gradient, io.tensor(GRAD + name));
  }

  private @Nullable Tensor gradient(String name) {
    var weight = weights.get(name);
    return weight == null ? null : weight.grad();
  }

  private static double largest(Tensor t) {
    return Arrays.stream(t.toDoubles()).map(Math::abs).max().orElse(0);
  }

  private void norms(Findings findings) {
    var stored = new LinkedHashMap<String, Double>();
    for (Map.Entry<String, JsonNode> e : io.settings().node().path("grad_norm").properties()) {
      double norm = e.getValue().doubleValue();
      if (!(e.getKey().endsWith(KEY_BIAS) && norm < 10 * ZERO && norm(e.getKey()) < 10 * ZERO)) {
        stored.put(e.getKey(), norm);
      }
    }
    if (!stored.isEmpty()) {
      double[] actual = stored.keySet().stream().mapToDouble(this::norm).toArray();
      double[] expected = stored.values().stream().mapToDouble(Double::doubleValue).toArray();
      double relative = tolerance.ofLargest() ? tolerance.rtol() : Tolerance.GRADIENT.rtol();
      // a norm may be off by more than the largest element is, in proportion: 10 covers it
      findings.add(new Tolerance(ZERO, 10 * relative, false).check("grad_norm " + how, actual, expected));
    }
  }

  private double norm(String name) {
    Tensor gradient = gradient(name);
    return gradient == null ? Double.NaN : Ops.norm(gradient.contiguous()).item();
  }
}
