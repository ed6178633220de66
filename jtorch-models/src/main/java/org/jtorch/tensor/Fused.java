package org.jtorch.tensor;

import java.util.List;
import org.jspecify.annotations.Nullable;
import org.jtorch.ffm.TorchAbi;

/// Kernels of libtorch that the presets do not expose, reached through its C ABI with Panama.
///
/// Each has a plain twin in [Plain], used where the symbol is missing, and compared with it in the tests.
public final class Fused {
  static {
    Native.load();
  }

  private Fused() {}

  /// True if the C ABI was found in this libtorch.
  public static boolean available() {
    return Native.abi() != null;
  }

  /// One AdamW step (decoupled decay as PyTorch): `θ ← θ(1 − ηλ) − η m̂/(√v̂ + ε)`, in place.
  ///
  /// @param steps float32 scalars that already count this step, one per parameter
  /// @param gradScale gradients are divided by it first (a float32 scalar), or null
  public static void adamW(List<Tensor> params, List<Tensor> grads, List<Tensor> m, List<Tensor> v, List<Tensor> steps,
      double lr, double beta1, double beta2, double decay, double eps, @Nullable Tensor gradScale) {
    var abi = Native.abi();
    if (abi == null) {
      Plain.adamW(params, grads, m, v, steps, lr, beta1, beta2, decay, eps, gradScale);
      return;
    }
    call("_fused_adamw_", "", 0, params.get(0), list(abi, params), list(abi, grads), list(abi, m), list(abi, v), abi.list(),
        list(abi, steps), bits(lr), bits(beta1), bits(beta2), bits(decay), bits(eps), 0, 0,
        gradScale == null ? 0 : TorchAbi.some(abi.handle(address(gradScale))), 0);
  }

  /// Copies tensors into others of the same shapes and any types, in few launches.
  public static void copyAll(List<Tensor> to, List<Tensor> from) {
    var abi = Native.abi();
    if (to.isEmpty()) {
      return;
    }
    if (abi == null) {
      Plain.copyAll(to, from);
      return;
    }
    call("_foreach_copy_", "", 0, to.get(0), list(abi, to), list(abi, from), 0);
  }

  /// The gradient of a softmax over the last dimension: `(g − Σ g·p) p`.
  public static Tensor softmaxBackward(Tensor gradient, Tensor probabilities) {
    var abi = Native.abi();
    if (abi == null) {
      return Plain.softmaxBackward(gradient, probabilities);
    }
    long type = Native.scalarType(probabilities.dtype()).value;
    return result(abi, call("_softmax_backward_data", "", 1, gradient, handle(abi, gradient), handle(abi, probabilities), -1, type)[0]);
  }

  /// Products of row groups of `a` with one matrix each: rows up to `ends[e]` with `b[e]`. For experts.
  ///
  /// If `b` is a matrix too, groups of columns of `a` times the same groups of rows of `b`; an empty group gives zeros.
  ///
  /// @param a `[N, k]`, or `[k, N]`
  /// @param b `[E, k, m]`, or `[N, m]`
  /// @param ends int32 `[E]`, the running counts
  /// @return `[N, m]`, or `[E, k, m]`
  public static Tensor groupedMatmul(Tensor a, Tensor b, Tensor ends) {
    var abi = Native.abi();
    if (abi == null || a.dtype() == DType.F64 || !aligned(a) || !aligned(b)) {
      return Plain.groupedMatmul(a, b, ends);
    }
    return result(abi, call("_grouped_mm", "", 1, a, handle(abi, a), handle(abi, b), TorchAbi.some(handle(abi, ends)), 0, 0)[0]);
  }

  /// The kernel wants rows, or columns of a transposed matrix, to begin at multiples of 16 bytes.
  private static boolean aligned(Tensor t) {
    int last = t.dim() - 1;
    boolean transposed = t.h().stride(last) != 1;
    return t.h().stride(transposed ? last : last - 1) * t.dtype().bytes() % 16 == 0;
  }

  /// A normalized tensor.
  ///
  /// @param y `x · r · w`, of x's shape and type
  /// @param r `rsqrt(mean(x²) + ε)` of each row, float32 `[..., 1]`
  public record Normed(Tensor y, Tensor r) {}

  /// Root-mean-square normalization over the last dimension: one kernel on CUDA. y is differentiable.
  ///
  /// @param w of x's type
  public static Normed rmsNorm(Tensor x, Tensor w, double eps) {
    var abi = Native.abi();
    if (abi == null) {
      return Plain.rmsNorm(x, w, eps);
    }
    long dims = longs(abi, w.numel());
    var out = call("_fused_rms_norm", "", 2, x, handle(abi, x), dims, TorchAbi.some(handle(abi, w)), TorchAbi.some(bits(eps)));
    return new Normed(result(abi, out[0]), result(abi, out[1]));
  }

  /// The gradients of x and w from that of [#rmsNorm]'s y, one kernel each; libtorch has them for CUDA only.
  ///
  /// @param r what [#rmsNorm] answered
  public static Tensor[] rmsNormBackward(Tensor dy, Tensor x, Tensor r, Tensor w) {
    var abi = Native.abi();
    if (abi == null || !x.device().isCuda()) {
      return Plain.rmsNormBackward(dy, x, r, w);
    }
    var out = call("_fused_rms_norm_backward", "", 2, x, handle(abi, dy), handle(abi, x), longs(abi, w.numel()), handle(abi, r),
        TorchAbi.some(handle(abi, w)), longs(abi, 1, 1));
    return new Tensor[] {result(abi, out[0]), result(abi, out[1])};
  }

  private static long[] call(String op, String overload, int results, Tensor first, long... slots) {
    try {
      return java.util.Objects.requireNonNull(Native.abi()).call("aten::" + op, overload, results, slots);
    } catch (TorchAbi.AbiException e) {
      throw TorchException.of(op, e, first);
    }
  }

  private static Tensor result(TorchAbi abi, long slot) {
    try (var view = Calls.at(slot)) {
      return new Tensor(new org.bytedeco.pytorch.Tensor(new org.bytedeco.pytorch.Tensor(view)));
    } finally {
      abi.delete(slot);
    }
  }

  private static long handle(TorchAbi abi, Tensor t) {
    return abi.handle(address(t));
  }

  private static long list(TorchAbi abi, List<Tensor> tensors) {
    return abi.list(tensors.stream().mapToLong(Fused::address).toArray());
  }

  private static long longs(TorchAbi abi, long... values) {
    return abi.numbers(values);
  }

  private static long address(Tensor t) {
    return t.h().address();
  }

  private static long bits(double v) {
    return Double.doubleToRawLongBits(v);
  }
}
