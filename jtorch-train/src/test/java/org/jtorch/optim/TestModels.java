package org.jtorch.optim;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;
import org.jtorch.nn.Linear;
import org.jtorch.nn.Module;
import org.jtorch.tensor.DType;
import org.jtorch.tensor.Device;
import org.jtorch.tensor.Rng;
import org.jtorch.tensor.Tensor;
import org.jtorch.tensor.TensorScope;

/// Small models and problems for the tests of optimizers.
final class TestModels {
  private TestModels() {}

  /// `[out, in]` and a bias, seeded.
  static Linear linear(DType dtype, int in, int out) {
    var model = new Linear(in, out, true, 0.5);
    var _ = model.initialize(Device.CPU, dtype, Rng.of(7));
    model.requiresGrad(true);
    return model;
  }

  /// Gives every parameter a gradient drawn from `rng`.
  static void gradients(Module model, Rng rng, double std) {
    try (var _ = TensorScope.open()) {
      for (var p : model.parameters()) {
        p.tensor().setGrad(rng.normal(0, std, p.tensor().dtype(), Device.CPU, p.shape()));
      }
    }
  }

  /// The mean squared error of a least-squares problem that has an exact solution.
  static Tensor loss(Linear model, DType dtype) {
    var rng = Rng.of(3);
    var x = rng.normal(0, 1, dtype, Device.CPU, 32, 4);
    var w = rng.normal(0, 1, dtype, Device.CPU, 2, 4);
    return model.apply(x).sub(x.matmul(w.t()).add(0.5)).square().mean();
  }

  /// The loss after `steps` steps.
  static double train(DType dtype, int steps, double learningRate, Function<Linear, Optimizer> build) {
    try (var _ = TensorScope.open(); var model = linear(dtype, 4, 2); var optimizer = build.apply(model)) {
      for (int i = 0; i < steps; i++) {
        try (var _ = TensorScope.open()) {
          loss(model, dtype).backward();
          optimizer.clipAndStep(learningRate, 10);
        }
      }
      return loss(model, dtype).item();
    }
  }

  /// All values of all parameters, in float64.
  static List<double[]> values(Module model) {
    var all = new ArrayList<double[]>();
    model.parameters().forEach(p -> all.add(values(p.tensor())));
    return all;
  }

  static double[] values(Tensor t) {
    try (var _ = TensorScope.open()) {
      return t.detach().to(DType.F64).toDoubles();
    }
  }
}
