package org.jtorch.tensor;

import com.google.errorprone.annotations.MustBeClosed;
import java.util.Objects;
import org.bytedeco.pytorch.Argument;
import org.bytedeco.pytorch.Dispatcher;
import org.bytedeco.pytorch.GenericList;
import org.bytedeco.pytorch.IValue;
import org.bytedeco.pytorch.IValueVector;
import org.bytedeco.pytorch.OperatorHandle;
import org.jspecify.annotations.Nullable;

/// A matrix in the layout in which oneDNN multiplies few rows with it: packed once, for many products. Its twin is [Ops#linear].
///
/// oneDNN otherwise lays the weights of a bf16 product out anew at every call, and float32 products of a few rows go through a
/// BLAS that is slow on them. Measured with 8 rows: 1.4 to 3 times as fast in bf16, 2 to 5 in float32 (docs/benchmarks.md).
/// The packed copy is as large as the matrix, knows nothing of later changes to it, and records no gradient.
public final class PackedWeight implements AutoCloseable {
  private static final boolean BF16 = Processor.here().hasBf16();
  private static final @Nullable Operators OPERATORS;

  static {
    Native.load();
    OPERATORS = Operators.find();
  }

  /// libtorch's operators for it, which only the boxed dispatcher reaches, and arguments that are the same in every call.
  private record Operators(OperatorHandle pack, OperatorHandle multiply, IValue none, IValue activation, IValue scalars, IValue algorithm) {
    /// Null in a build without oneDNN.
    static @Nullable Operators find() {
      try (var dispatcher = Dispatcher.singleton()) {
        var multiply = dispatcher.findSchemaOrThrow("mkldnn::_linear_pointwise", "");
        try (var schema = multiply.schema(); var all = schema.arguments(); var fifth = all.getPointer(4); var scalars = new Argument(fifth);
             var holder = scalars.type(); var list = holder.get(); var element = list.containedType(0); var none = new GenericList(element)) {
          return new Operators(dispatcher.findSchemaOrThrow("mkldnn::_reorder_linear_weight", ""), multiply, new IValue(),
              new IValue("none"), new IValue(none), new IValue(""));
        }
      } catch (RuntimeException _) {
        return null;
      }
    }
  }

  private final Operators operators;
  private final IValue packed;
  private final DType dtype;
  private final long bytes;

  private PackedWeight(Operators operators, IValue packed, DType dtype, long bytes) {
    this.operators = operators;
    this.packed = packed;
    this.dtype = dtype;
    this.bytes = bytes;
  }

  /// True if a weight of this type can be packed here: float32, or bf16 on a processor that has bf16 products.
  public static boolean canPack(DType dtype, Device device) {
    return OPERATORS != null && !device.isCuda() && (dtype == DType.F32 || dtype == DType.BF16 && BF16);
  }

  /// Packs a copy; null if none of the layouts that oneDNN chooses gives the right product. In this build some float32 layouts of
  /// matrices with up to 256 rows do not, whatever they are multiplied with, so a product with each is compared with the twin's.
  ///
  /// @param weight `[out, in]`
  /// @param rows of the products to come, about; any number works
  @MustBeClosed
  @SuppressWarnings("MustBeClosedChecker")     // ownership passes to the caller
  public static @Nullable PackedWeight of(Tensor weight, int rows) {
    if (!canPack(weight.dtype(), weight.device()) || weight.dim() != 2) {
      throw new IllegalArgumentException("a " + weight.dtype() + " tensor of " + weight.dim() + " dimensions on " + weight.device()
          + " cannot be packed here; ask canPack first, and give a matrix");
    }
    for (long hint : new long[] {rows, 8, 1}) {
      var packed = pack(weight, hint);
      if (packed.isRight(weight)) {
        return packed;
      }
      packed.close();
    }
    return null;
  }

  @MustBeClosed
  private static PackedWeight pack(Tensor weight, long rows) {
    var operators = Objects.requireNonNull(OPERATORS);
    try (var stack = new IValueVector(2); var w = new IValue(weight.h()); var n = new IValue(rows)) {
      stack.put(0, w).put(1, n);
      operators.pack.callBoxed(stack);
      return new PackedWeight(operators, new IValue(stack.get(0)), weight.dtype(), weight.numel() * weight.dtype().bytes());
    } catch (RuntimeException e) {
      throw TorchException.of("_reorder_linear_weight", e, weight);
    }
  }

  private boolean isRight(Tensor weight) {
    try (var _ = TensorScope.open(); var _ = Grad.off()) {
      long in = weight.size(1);
      Tensor x = Ops.arange(0, 2 * in, weight.device()).to(DType.F32).mul(0.7).sin().view(2, in).to(dtype);
      Tensor expected = Ops.linear(x, weight, null).to(DType.F32);
      double gap = linear(x, null).to(DType.F32).sub(expected).abs().max().item();
      return gap <= (dtype == DType.F32 ? 1e-3 : 2e-2) * expected.abs().max().item();
    }
  }

  /// `x Wᵀ + b`. x `[..., in]` in the weight's type, bias `[out]` or null; result `[..., out]`
  public Tensor linear(Tensor x, @Nullable Tensor bias) {
    if (x.dtype() != dtype) {
      throw new IllegalArgumentException("the packed weight is " + dtype + " but the input " + x.dtype() + "; convert it with x.to("
          + dtype + ")");
    }
    return Ops.make("_linear_pointwise", () -> multiply(x, bias), x, bias);
  }

  private org.bytedeco.pytorch.Tensor multiply(Tensor x, @Nullable Tensor bias) {
    try (var stack = new IValueVector(6); var in = new IValue(x.h()); var b = bias == null ? null : new IValue(bias.h())) {
      stack.put(0, in).put(1, packed).put(2, b == null ? operators.none : b).put(3, operators.activation).put(4, operators.scalars)
          .put(5, operators.algorithm);
      operators.multiply.callBoxed(stack);
      try (var result = stack.get(0).toTensor()) {
        return new org.bytedeco.pytorch.Tensor(result);
      }
    }
  }

  /// Of the copy.
  public long bytes() {
    return bytes;
  }

  @Override public void close() {
    packed.close();
  }
}
