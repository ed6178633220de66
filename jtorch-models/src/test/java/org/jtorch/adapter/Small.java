package org.jtorch.adapter;

import com.google.errorprone.annotations.MustBeClosed;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import java.util.SequencedMap;
import org.jspecify.annotations.Nullable;
import org.jtorch.attention.Rope;
import org.jtorch.attention.RopeScaling;
import org.jtorch.decoder.Decoder;
import org.jtorch.decoder.DecoderConfig;
import org.jtorch.family.Llama;
import org.jtorch.family.Qwen2Moe;
import org.jtorch.nn.Module;
import org.jtorch.nn.Pass;
import org.jtorch.tensor.DType;
import org.jtorch.tensor.Device;
import org.jtorch.tensor.Grad;
import org.jtorch.tensor.GradTape;
import org.jtorch.tensor.Ops;
import org.jtorch.tensor.Rng;
import org.jtorch.tensor.Tensor;
import org.jtorch.tensor.TensorScope;

/// A model of a few thousand parameters and what the tests of adapters ask of it.
public final class Small {
  public static final int VOCAB = 31;
  public static final DecoderConfig SHAPE = Llama.shape(VOCAB, 16, 32, 2, 2, 1, 8, 32, new Rope(10_000, RopeScaling.NONE), 1e-5, false);

  private Small() {}

  @MustBeClosed
  @SuppressWarnings("MustBeClosedChecker")     // ownership passes to the caller
  public static Decoder model(DType dtype) {
    return model(SHAPE, dtype);
  }

  /// [#model] with four experts beside a shared one, of which each token takes two.
  @MustBeClosed
  public static Decoder experts(DType dtype) {
    var rope = new Rope(10_000, RopeScaling.NONE);
    return model(Qwen2Moe.shape(VOCAB, 16, 2, 2, 1, 8, 32, rope, Qwen2Moe.experts(4, 2, 8, true, 12, 1e-2)), dtype);
  }

  @MustBeClosed
  @SuppressWarnings("MustBeClosedChecker")     // ownership passes to the caller
  private static Decoder model(DecoderConfig shape, DType dtype) {
    var model = Decoder.create(shape, Device.CPU, dtype, Rng.of(3));
    try (var _ = TensorScope.open(); var _ = Grad.off()) {       // weights of a size at which everything matters
      model.weights().values().stream().filter(w -> w.shape().length == 2).forEach(w -> w.view().mulInPlace(8));
    }
    return model;
  }

  public static Tensor ids() {
    var values = new long[2 * 9];
    for (int i = 0; i < values.length; i++) {
      values[i] = (i * 7L + (long) i * i) % VOCAB;
    }
    return Ops.of(values, Device.CPU, 2, 9);
  }

  public static double[] logits(Decoder model, boolean adapters) {
    try (var _ = TensorScope.open(); var _ = Grad.off()) {
      return model.apply(ids(), Pass.EMPTY.withAdapters(adapters)).to(DType.F64).toDoubles();
    }
  }

  /// Mean cross-entropy of the next token.
  public static Tensor loss(Decoder model, Pass pass) {
    Tensor logits = model.apply(ids(), pass).narrow(1, 0, 8).reshape(-1, VOCAB);
    return Ops.crossEntropy(logits, ids().narrow(1, 1, 8).reshape(-1));
  }

  /// Ways to differentiate.
  public enum Way { AUTOGRAD, TAPE, CHECKPOINTED }

  /// Gradients of the loss by name; what has none is not there.
  public static SequencedMap<String, double[]> gradients(Decoder model, Module trained, Way way) {
    try (var _ = TensorScope.open()) {
      if (way == Way.AUTOGRAD) {
        loss(model, Pass.EMPTY).backward();
      } else {
        try (var tape = GradTape.open()) {
          tape.backward(loss(model, Pass.training(tape).withCheckpoint(way == Way.CHECKPOINTED)));
        }
      }
      var map = new LinkedHashMap<String, double[]>();
      trained.weights().forEach((name, w) -> {
        Tensor g = w.grad();
        if (g != null) {
          map.put(name, g.to(DType.F64).contiguous().toDoubles());
        }
      });
      trained.zeroGrad();
      return map;
    }
  }

  /// One step of gradient descent.
  public static double step(Decoder model, Module trained, double rate) {
    double loss;
    try (var _ = TensorScope.open()) {
      Tensor l = loss(model, Pass.EMPTY);
      l.backward();
      loss = l.item();
    }
    try (var _ = TensorScope.open(); var _ = Grad.off()) {
      trained.parameters().forEach(p -> p.tensor().addInPlace(Objects.requireNonNull(p.grad()), -rate));
    }
    trained.zeroGrad();
    return loss;
  }

  public static SequencedMap<String, double[]> values(Module module) {
    var map = new LinkedHashMap<String, double[]>();
    try (var _ = TensorScope.open()) {
      module.weights().forEach((name, w) -> map.put(name, w.view().detach().to(DType.F64).contiguous().toDoubles()));
    }
    return map;
  }

  public static double distance(double[] a, double @Nullable [] b) {
    double worst = b == null || a.length != b.length ? Double.NaN : 0;
    for (int i = 0; i < a.length && !Double.isNaN(worst); i++) {
      worst = Math.max(worst, Math.abs(a[i] - Objects.requireNonNull(b)[i]));
    }
    return worst;
  }

  public static double distance(Map<String, double[]> a, Map<String, double[]> b) {
    return a.keySet().equals(b.keySet()) ? a.entrySet().stream().mapToDouble(e -> distance(e.getValue(), b.get(e.getKey()))).max().orElse(0)
        : Double.NaN;
  }
}
