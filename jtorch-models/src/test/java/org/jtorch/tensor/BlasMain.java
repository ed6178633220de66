package org.jtorch.tensor;

import java.util.List;
import java.util.Objects;
import java.util.stream.LongStream;
import org.jtorch.attention.Rope;
import org.jtorch.attention.RopeScaling;
import org.jtorch.decoder.Decoder;
import org.jtorch.family.Llama;
import org.jtorch.nn.Parameter;
import org.jtorch.nn.Pass;

/// Prints the library of float32 products and some of its results: products of several shapes, a loss, its gradients.
final class BlasMain {
  private BlasMain() {}

  public static void main(String[] args) {
    System.out.println(TorchInfo.report().get("BLAS"));
    try (var _ = TensorScope.open(); var _ = Grad.off()) {
      var rng = Rng.of(1);
      for (int rows : new int[] {1, 7, 64, 513}) {
        var x = rng.normal(0, 1, DType.F32, Device.CPU, rows, 129);
        var w = rng.normal(0, 1, DType.F32, Device.CPU, 257, 129);
        print(Ops.linear(x, w, null));
        print(x.narrow(1, 1, 128).matmul(w.narrow(1, 1, 128).t()));            // rows that begin anywhere in memory
      }
      print(rng.normal(0, 1, DType.F64, Device.CPU, 33, 65).matmul(rng.normal(0, 1, DType.F64, Device.CPU, 65, 31)));
      print(rng.normal(0, 1, DType.F32, Device.CPU, 6, 40, 24).matmul(rng.normal(0, 1, DType.F32, Device.CPU, 6, 24, 40)));
    }
    train();
  }

  private static void train() {
    var shape = Llama.shape(300, 64, 160, 2, 4, 2, 16, 128, new Rope(10_000, RopeScaling.NONE), 1e-5, true);
    try (var model = Decoder.create(shape, Device.CPU, DType.F32, Rng.of(2)); var _ = TensorScope.open()) {
      model.requiresGrad(true);
      long[] ids = LongStream.range(0, 128).map(i -> i * i % 300).toArray();
      try (var tape = GradTape.open()) {
        var tokens = Ops.of(ids, Device.CPU, 2, 64);
        var logits = model.apply(tokens, Pass.training(tape));
        var loss = Ops.crossEntropy(logits.view(-1, 300), tokens.view(-1));
        System.out.println(loss.item());
        tape.backward(loss);
      }
      List<Parameter> weights = model.parameters();
      try (var _ = Grad.off()) {
        for (var p : weights) {
          print(Objects.requireNonNull(p.grad()));
        }
      }
    }
  }

  /// All digits of the sum of the values' magnitudes and of a weighted sum, which depends on each.
  private static void print(Tensor t) {
    var flat = t.reshape(-1).to(DType.F64);
    System.out.println(flat.abs().sum().item());
    System.out.println(flat.mul(Rng.of(9).normal(0, 1, DType.F64, Device.CPU, flat.numel())).sum().item());
  }
}
