package org.jtorch.tensor;

import com.google.errorprone.annotations.CheckReturnValue;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.Supplier;
import org.bytedeco.pytorch.DoubleOptional;
import org.bytedeco.pytorch.LongOptional;
import org.bytedeco.pytorch.TensorVector;
import org.bytedeco.pytorch.global.torch;
import org.jspecify.annotations.Nullable;

/// Free functions over tensors, grouped as PyTorch's documentation groups them.
@CheckReturnValue
public final class Ops {
  static {
    Native.load();
  }

  private Ops() {}

  // ---- creation

  /// Memory with whatever was in it.
  public static Tensor empty(DType dtype, Device device, long... shape) {
    return make("empty", () -> Calls.options(dtype, device, o -> torch.empty(shape, o, Calls.NO_FORMAT)));
  }

  public static Tensor zeros(DType dtype, Device device, long... shape) {
    return make("zeros", () -> Calls.options(dtype, device, o -> torch.zeros(shape, o)));
  }

  public static Tensor ones(DType dtype, Device device, long... shape) {
    return make("ones", () -> Calls.options(dtype, device, o -> torch.ones(shape, o)));
  }

  public static Tensor full(double value, DType dtype, Device device, long... shape) {
    return make("full", () -> Calls.options(dtype, device, o -> Calls.scalar(value, s -> torch.full(shape, s, o))));
  }

  /// `[start, start + 1, ..., end)` as int64.
  public static Tensor arange(long start, long end, Device device) {
    return make("arange", () -> Calls.options(DType.I64, device,
        o -> Calls.scalar(start, a -> Calls.scalar(end, b -> torch.arange(a, b, o)))));
  }

  /// `values` as a tensor of this shape: int64 from Java memory, then moved without waiting for the device. `[shape]`
  public static Tensor of(long[] values, Device device, long... shape) {
    Tensor host = Tensor.of(values).view(shape);
    return device.isCuda() ? host.pinned().toWithoutWaiting(device) : host;
  }

  /// `values` as a tensor of this shape: float32 from Java memory, then moved without waiting for the device. `[shape]`
  public static Tensor of(float[] values, Device device, long... shape) {
    Tensor host = Tensor.of(values).view(shape);
    return device.isCuda() ? host.pinned().toWithoutWaiting(device) : host;
  }

  public static Tensor zerosLike(Tensor t) {
    return t.map("zeros_like", torch::zeros_like);
  }

  public static Tensor emptyLike(Tensor t) {
    return t.map("empty_like", torch::empty_like);
  }

  // ---- joining

  public static Tensor cat(int dim, Tensor... parts) {
    return make("cat", () -> Calls.vector(Arrays.asList(parts), v -> torch.cat(v, dim)), parts);
  }

  public static Tensor stack(int dim, List<Tensor> parts) {
    return make("stack", () -> Calls.vector(parts, v -> torch.stack(v, dim)), parts.toArray(Tensor[]::new));
  }

  public static Tensor where(Tensor condition, Tensor yes, Tensor no) {
    return make("where", () -> torch.where(condition.h(), yes.h(), no.h()), condition, yes, no);
  }

  // ---- linear algebra

  /// `x Wᵀ + b`. x `[..., in]`, w `[out, in]`, b `[out]` or null; result `[..., out]`
  public static Tensor linear(Tensor x, Tensor w, @Nullable Tensor b) {
    if (b == null) {
      return x.map("linear", w, torch::linear);
    }
    return make("linear", () -> Calls.optional(b, o -> torch.linear(x.h(), w.h(), o)), x, w, b);
  }

  /// Rows of `w` by token id. w `[V, C]`, ids int64 `[...]`; result `[..., C]`
  public static Tensor embedding(Tensor w, Tensor ids) {
    return make("embedding", () -> torch.embedding(w.h(), ids.h()), w, ids);
  }

  /// The matrix product into `out`, which it overwrites. Records no gradient.
  public static void matmulInto(Tensor out, Tensor a, Tensor b) {
    into("matmul", () -> torch.matmul_out(out.h(), a.h(), b.h()), out, a, b);
  }

  /// Products of a batch of matrices. a `[n, m, k]`, b `[n, k, p]`; result `[n, m, p]`
  public static Tensor bmm(Tensor a, Tensor b) {
    return a.map("bmm", b, org.bytedeco.pytorch.Tensor::bmm);
  }

  /// `out = a ⊙ b`, element-wise with broadcasting. Records no gradient.
  public static void mulInto(Tensor out, Tensor a, Tensor b) {
    into("mul", () -> torch.mul_out(out.h(), a.h(), b.h()), out, a, b);
  }

  /// `out = v x`. Records no gradient.
  public static void mulInto(Tensor out, Tensor x, double v) {
    into("mul", () -> Calls.scalar(v, s -> torch.mul_out(out.h(), x.h(), s)), out, x);
  }

  /// `max(x, low)`, element by element.
  public static Tensor clampMin(Tensor x, double low) {
    return x.map("clamp_min", h -> Calls.scalar(low, s -> h.clamp_min(s)));
  }

  /// `max(x, low)`, element by element; integers stay integers.
  public static Tensor clampMin(Tensor x, long low) {
    return x.map("clamp_min", h -> Calls.scalar(low, s -> h.clamp_min(s)));
  }

  /// `out = softmax(x)`; `out` may be `x` itself. Records no gradient.
  public static void softmaxInto(Tensor out, Tensor x, int dim) {
    into("softmax", () -> torch.softmax_out(out.h(), x.h(), dim), out, x);
  }

  /// `out = silu(x)`; `out` may be a part of a larger tensor. Records no gradient.
  public static void siluInto(Tensor out, Tensor x) {
    into("silu", () -> torch.silu_out(out.h(), x.h()), out, x);
  }

  /// The gradient of silu into `out`.
  public static void siluBackwardInto(Tensor out, Tensor gradient, Tensor x) {
    into("silu_backward", () -> torch.silu_backward_out(out.h(), gradient.h(), x.h()), out, gradient, x);
  }

  /// The gradient of gelu into `out`. approximate: `none` or `tanh`
  public static void geluBackwardInto(Tensor out, Tensor gradient, Tensor x, String approximate) {
    into("gelu_backward", () -> torch.gelu_backward_out(out.h(), gradient.h(), x.h(), approximate), out, gradient, x);
  }

  /// `out = beta out + alpha a b`. Records no gradient. out `[n, m]`, a `[n, k]`, b `[k, m]`
  public static void addmmInPlace(Tensor out, double beta, double alpha, Tensor a, Tensor b) {
    into("addmm_", () -> Calls.scalar(beta, x -> Calls.scalar(alpha, y -> out.h().addmm_(a.h(), b.h(), x, y))), out, a, b);
  }

  /// `beta bias + alpha a b` over a batch. a `[n, m, k]`, b `[n, k, p]`
  public static Tensor baddbmm(Tensor bias, double beta, double alpha, Tensor a, Tensor b) {
    return make("baddbmm", () -> Calls.scalar(beta, x -> Calls.scalar(alpha, y -> torch.baddbmm(bias.h(), a.h(), b.h(), x, y))),
        bias, a, b);
  }

  // ---- activations and norms

  public static Tensor silu(Tensor x) {
    return x.map("silu", torch::silu);
  }

  public static Tensor relu(Tensor x) {
    return x.map("relu", torch::relu);
  }

  /// The tanh approximation of GELU.
  public static Tensor geluTanh(Tensor x) {
    return x.map("gelu", h -> torch.gelu(h, "tanh"));
  }

  public static Tensor gelu(Tensor x) {
    return x.map("gelu", torch::gelu);
  }

  /// `log(sigmoid(x))`, computed without overflow.
  public static Tensor logSigmoid(Tensor x) {
    return x.map("log_sigmoid", torch::log_sigmoid);
  }

  /// Root of the sum of squares, in float32 (float64 stays). `[..., C]` to `[..., 1]` when `dim` is -1 and `keep`
  public static Tensor norm(Tensor x, int dim, boolean keep) {
    return x.map("linalg_vector_norm", h -> Calls.scalar(2.0, two -> Calls.type(x.dtype() == DType.F64 ? DType.F64 : DType.F32,
        type -> torch.linalg_vector_norm(h, two, new long[] {dim}, keep, type))));
  }

  /// The global L2 norm of one tensor, as a float32 scalar tensor (float64 stays).
  public static Tensor norm(Tensor x) {
    return x.map("linalg_vector_norm", h -> Calls.scalar(2.0, two -> Calls.type(x.dtype() == DType.F64 ? DType.F64 : DType.F32,
        type -> torch.linalg_vector_norm(h, two, (long[]) null, false, type))));
  }

  public static Tensor layerNorm(Tensor x, Tensor w, @Nullable Tensor b, double eps) {
    return make("layer_norm", () -> Calls.optional(w, ow -> Calls.optional(b,
        ob -> torch.layer_norm(x.h(), new long[] {w.numel()}, ow, ob, eps, true))), x, w);
  }

  // ---- attention and losses

  /// Fused attention. q `[B, H, T, D]`, k and v `[B, G, S, D]` with G dividing H; mask additive or boolean, or null.
  ///
  /// @param steady whether these shapes come again and again: only then it pays that CUDA compiles a kernel for them (cuDNN's, some
  ///     0.1 s for each new shape)
  public static Tensor attention(Tensor q, Tensor k, Tensor v, @Nullable Tensor mask, boolean causal, double scale, boolean steady) {
    boolean grouped = q.size(1) != k.size(1);
    return make("scaled_dot_product_attention", () -> {
      if (q.device().isCuda()) {
        Calls.CONTEXT.setSDPUseCuDNN(steady);
      }
      try (var s = new DoubleOptional(scale)) {
        return Calls.optional(mask,
            m -> torch.scaled_dot_product_attention(q.h(), k.h(), v.h(), m, 0.0, causal, s, grouped));
      }
    }, q, k, v, mask);
  }

  /// Mean cross-entropy of `logits` `[N, V]` against `targets` int64 `[N]`, where -100 is left out.
  public static Tensor crossEntropy(Tensor logits, Tensor targets) {
    return logits.map("cross_entropy", targets, torch::cross_entropy_loss);
  }

  // ---- search

  /// Values and indices of a tensor, largest first or in order.
  public record Ranked(Tensor values, Tensor indices) {}

  public static Ranked topK(Tensor x, long k) {
    try (var pair = x.h().topk(k)) {
      return new Ranked(copy(pair.get0()), copy(pair.get1()));
    } catch (IllegalStateException | WrongThreadException e) {
      throw e;
    } catch (RuntimeException e) {
      throw TorchException.of("topk", e, x);
    }
  }

  public static Ranked sort(Tensor x, int dim, boolean descending) {
    try (var pair = x.h().sort(dim, descending)) {
      return new Ranked(copy(pair.get0()), copy(pair.get1()));
    } catch (IllegalStateException | WrongThreadException e) {
      throw e;
    } catch (RuntimeException e) {
      throw TorchException.of("sort", e, x);
    }
  }

  private static Tensor copy(org.bytedeco.pytorch.Tensor borrowed) {
    return new Tensor(new org.bytedeco.pytorch.Tensor(borrowed));
  }

  static org.bytedeco.pytorch.Tensor argMax(org.bytedeco.pytorch.Tensor h, long dim) {
    try (var d = new LongOptional(dim)) {
      return h.argmax(d, false);
    }
  }

  static List<Tensor> unpack(TensorVector vector) {
    try (vector) {
      var list = new ArrayList<Tensor>();
      for (long i = 0; i < vector.size(); i++) {
        list.add(copy(vector.get(i)));
      }
      return list;
    }
  }

  static Tensor make(String op, Supplier<org.bytedeco.pytorch.Tensor> body, @Nullable Tensor... operands) {
    try {
      return new Tensor(body.get());
    } catch (IllegalStateException | WrongThreadException | TorchException e) {
      throw e;
    } catch (RuntimeException e) {
      throw TorchException.of(op, e, operands);
    }
  }

  static void into(String op, Supplier<org.bytedeco.pytorch.Tensor> body, Tensor... operands) {
    operands[0].refuseReadOnly(op);
    try {
      var _ = body.get();                           // JavaCPP answers with the handle of `out` itself
    } catch (IllegalStateException | WrongThreadException | TorchException e) {
      throw e;
    } catch (RuntimeException e) {
      throw TorchException.of(op, e, operands);
    }
  }
}
