package org.jtorch.loss;

import java.util.Arrays;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.jtorch.decoder.CausalLm;
import org.jtorch.nn.Parameter;
import org.jtorch.nn.SoftCap;
import org.jtorch.tensor.DType;
import org.jtorch.tensor.Device;
import org.jtorch.tensor.Grad;
import org.jtorch.tensor.GradTape;
import org.jtorch.tensor.Ops;
import org.jtorch.tensor.Tensor;
import org.jtorch.tensor.TensorScope;

/// Next-token cross-entropy, head and loss together, a chunk of tokens at a time: the logits of a batch are never
/// all in memory, which a vocabulary of 150,000 would not forgive (papers.md A1).
///
/// Per chunk of hidden states h and head W: `P = softmax(h Wᵀ)` in place, `loss = −Σ log P[target]`, and with
/// `D = (P − onehot) · scale` the gradients `dh = D W` and `dW = Dᵀ h`. One pass over the logits beside the three
/// products; a soft cap on the logits multiplies D by its slope. Positions without a target are dropped before the first
/// product. Any chunk size gives the same result up to rounding.
///
/// @param chunkTokens tokens per chunk; 0 chooses so that a chunk's logits stay near 32 MiB
public record ChunkedCrossEntropy(int chunkTokens) {
  /// Targets with this value are not trained on.
  public static final long IGNORE = -100;
  /// What a chunk's logits take at most when its size is chosen automatically.
  public static final long CHUNK_BYTES = 32L << 20;

  public ChunkedCrossEntropy {
    if (chunkTokens < 0) {
      throw new IllegalArgumentException("`chunk_tokens` must be >= 0 but was " + chunkTokens + "; 0 chooses by vocabulary");
    }
  }

  public ChunkedCrossEntropy() {
    this(0);
  }

  /// Backward through head and model; gradients are added to the parameters'.
  ///
  /// @param hidden `[B, T, C]`, the model's output on `tape`
  /// @param targets the token after each position, `B * T` of them
  /// @param scale what every token's loss is multiplied by: 1 / (trained tokens of the global batch)
  /// @return the sum of the negative log-likelihoods, not scaled
  public double backward(CausalLm model, Tensor hidden, long[] targets, double scale, GradTape tape) {
    return backward(model, hidden, targets, null, scale, tape);
  }

  /// [#backward] with a weight for each position, which its loss and gradient are multiplied by.
  ///
  /// @param weights `B * T` of them; null if all count alike
  /// @return the weighted sum of the negative log-likelihoods, not scaled
  public double backward(CausalLm model, Tensor hidden, long[] targets, float @Nullable [] weights, double scale, GradTape tape) {
    try (var _ = TensorScope.open()) {
      Tensor dh;
      double sum;
      try (var _ = Grad.off()) {
        Tensor flat = hidden.detach().view(-1, hidden.size(2));                          // [N, C]
        long[] rows = trained(targets);
        boolean all = rows.length == targets.length;
        Tensor index = all ? flat : Ops.of(rows, flat.device(), rows.length);
        Tensor h = all ? flat : flat.indexSelect(0, index);                              // [M, C]
        Tensor dm = Ops.emptyLike(h);
        sum = chunks(model, h, pick(targets, rows), pick(weights, rows), scale, dm);
        dh = all ? dm : Ops.zerosLike(flat).indexCopyInPlace(0, index, dm);
      }
      tape.backward(hidden, dh.view(hidden.shape()));
      return sum;
    }
  }

  /// The sum of the negative log-likelihoods, for evaluation. hidden `[B, T, C]`
  public double sum(CausalLm model, Tensor hidden, long[] targets) {
    double sum = 0;
    try (var _ = TensorScope.open(); var _ = Grad.off()) {
      Tensor flat = hidden.view(-1, hidden.size(2));
      int step = chunk(model);
      for (int from = 0; from < targets.length; from += step) {
        int n = Math.min(step, targets.length - from);
        long[] part = Arrays.copyOfRange(targets, from, from + n);
        long[] rows = trained(part);
        if (rows.length > 0) {
          try (var _ = TensorScope.open()) {
            Tensor h = flat.narrow(0, from, n).indexSelect(0, Ops.of(rows, flat.device(), rows.length));
            sum += exact(model.logits(h), Ops.of(pick(part, rows), flat.device(), rows.length, 1), null);
          }
        }
      }
    }
    return sum;
  }

  private double chunks(CausalLm model, Tensor h, long[] targets, float @Nullable [] weights, double scale, Tensor dh) {
    Parameter head = model.head();
    Tensor dw = head.tensor().requiresGrad() ? gradient(head) : null;                    // null: frozen, under an adapter
    int step = chunk(model);
    Tensor sum = null;
    for (int from = 0; from < targets.length; from += step) {
      int n = Math.min(step, targets.length - from);
      try (var scope = TensorScope.open()) {
        Tensor t = Ops.of(Arrays.copyOfRange(targets, from, from + n), h.device(), n, 1);
        Tensor part = h.narrow(0, from, n);
        Tensor p = model.logits(part);                                                   // [n, V]
        Tensor slope = slope(p, model.logitCap());
        Ops.softmaxInto(p, p, 1);
        Tensor hit = p.gather(1, t);                                                     // [n, 1]
        Tensor weight = weights == null ? null : weights(weights, from, n, h.device());    // [n, 1]
        Tensor logs = hit.to(DType.F32).log();
        Tensor nll = (weight == null ? logs : logs.mul(weight)).sum().neg();
        sum = scope.promote(sum == null ? nll : sum.add(nll));
        p.scatterInPlace(1, t, hit.sub(1));                                              // P − onehot
        if (slope != null) {
          p.mulInPlace(slope);
        }
        if (weight != null) {
          p.mulInPlace(weight.to(p.dtype()));
        }
        Ops.matmulInto(dh.narrow(0, from, n), p, head.tensor());
        if (dw != null) {
          Ops.addmmInPlace(dw, 1, 1, p.t(), part.mul(scale));
        }
      }
    }
    dh.mulInPlace(scale);
    double total = sum == null ? 0 : sum.item();
    return Double.isFinite(total) ? total : again(model, h, targets, weights);
  }

  /// The derivative of the cap at capped logits z: `1 − (z / c)²`; null without a cap. `[n, V]`
  private static @Nullable Tensor slope(Tensor z, SoftCap cap) {
    return cap.isActive() ? z.div(cap.cap()).square().neg().add(1) : null;
  }

  /// A probability rounded to 0 has no logarithm: compute the loss from the logits.
  private double again(CausalLm model, Tensor h, long[] targets, float @Nullable [] weights) {
    double sum = 0;
    int step = chunk(model);
    for (int from = 0; from < targets.length; from += step) {
      int n = Math.min(step, targets.length - from);
      try (var _ = TensorScope.open()) {
        sum += exact(model.logits(h.narrow(0, from, n)),
            Ops.of(Arrays.copyOfRange(targets, from, from + n), h.device(), n, 1),
            weights == null ? null : weights(weights, from, n, h.device()));
      }
    }
    return sum;
  }

  private static double exact(Tensor logits, Tensor targets, @Nullable Tensor weight) {
    Tensor logs = logits.to(DType.F32).logSoftmax(1).gather(1, targets);
    return -(weight == null ? logs : logs.mul(weight)).sum().item();
  }

  /// `[n, 1]`
  private static Tensor weights(float[] weights, int from, int n, Device device) {
    return Tensor.of(Arrays.copyOfRange(weights, from, from + n)).view(n, 1).to(device);
  }

  private static Tensor gradient(Parameter head) {
    Tensor w = head.tensor();
    Tensor g = w.grad();
    if (g == null) {
      g = Ops.zerosLike(w.detach());
      w.setGrad(g);
    }
    return g;
  }

  private int chunk(CausalLm model) {
    if (chunkTokens > 0) {
      return chunkTokens;
    }
    long bytes = (long) model.vocabSize() * model.dtype().bytes();
    return (int) Math.clamp(CHUNK_BYTES / bytes / 64 * 64, 64, 1 << 20);
  }

  private static long[] trained(long[] targets) {
    return IntStream.range(0, targets.length).filter(i -> targets[i] != IGNORE).asLongStream().toArray();
  }

  private static float @Nullable [] pick(float @Nullable [] weights, long[] rows) {
    if (weights == null) {
      return null;
    }
    var out = new float[rows.length];
    for (int i = 0; i < rows.length; i++) {
      out[i] = weights[(int) rows[i]];
    }
    return out;
  }

  private static long[] pick(long[] targets, long[] rows) {
    var out = new long[rows.length];
    for (int i = 0; i < rows.length; i++) {
      out[i] = targets[(int) rows[i]];
    }
    return out;
  }
}
