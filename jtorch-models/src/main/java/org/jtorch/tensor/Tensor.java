package org.jtorch.tensor;

import com.google.errorprone.annotations.CanIgnoreReturnValue;
import com.google.errorprone.annotations.CheckReturnValue;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.bytedeco.pytorch.global.torch;
import org.jspecify.annotations.Nullable;

/// An n-dimensional array of libtorch, with PyTorch's words.
///
/// ```java
/// try (var _ = TensorScope.open()) {
///   var x = Tensor.of(1, 2, 3, 4).view(2, 2);
///   IO.println(x.matmul(x.t()).sum().item());
/// }
/// ```
///
/// Not closeable: it lives in a [TensorScope] or belongs to a [TensorOwner]. Operations return new tensors
/// in the innermost scope; those that end in `InPlace` change this one. Shapes are written as in `[B, T, C]`.
/// A refused operation throws [TorchException] with operands and shapes; a freed tensor throws
/// [IllegalStateException], one in another thread's scope [WrongThreadException]. Free functions are in [Ops].
@CheckReturnValue
public final class Tensor extends TensorMath {
  Tensor(org.bytedeco.pytorch.Tensor handle) {
    super(handle);
  }

  // ---- creation

  /// A float32 vector on the CPU. `[n]`
  public static Tensor of(float... values) {
    var t = Ops.empty(DType.F32, Device.CPU, values.length);
    t.memory().copyFrom(MemorySegment.ofArray(values));
    return t;
  }

  /// An int64 vector on the CPU. `[n]`
  public static Tensor of(long... values) {
    var t = Ops.empty(DType.I64, Device.CPU, values.length);
    t.memory().copyFrom(MemorySegment.ofArray(values));
    return t;
  }

  /// Uses the memory of `segment` in place, without a copy. The result must not outlive the segment's arena,
  /// cannot be promoted out of its scope, and refuses in-place operations if the segment is read-only
  /// (natively that would be a crash).
  public static Tensor alias(MemorySegment segment, DType dtype, long... shape) {
    long bytes = Arrays.stream(shape).reduce(1, Math::multiplyExact) * dtype.bytes();
    if (!segment.isNative() || segment.byteSize() < bytes) {
      throw new IllegalArgumentException("a tensor " + dtype + " " + Arrays.toString(shape) + " needs " + bytes
          + " bytes of native memory, but the segment has " + segment.byteSize() + (segment.isNative() ? "" : " on the heap"));
    }
    if (!segment.scope().isAlive()) {
      throw new IllegalStateException("the segment's arena or file is closed; keep it open as long as the tensor is used");
    }
    try (var at = Calls.at(segment.address())) {
      var t = new Tensor(Calls.options(dtype, Device.CPU, o -> torch.from_blob(at, shape, o)));
      t.readOnly = segment.isReadOnly();
      t.alias = true;
      return t;
    }
  }

  // ---- what it is

  public long size(int dim) {
    return h().size(dim);
  }

  public int dim() {
    return (int) h().dim();
  }

  public long[] shape() {
    var h = h();
    return IntStream.range(0, (int) h.dim()).mapToLong(h::size).toArray();
  }

  public long numel() {
    return h().numel();
  }

  public long bytes() {
    return h().nbytes();
  }

  public DType dtype() {
    return Native.dtype(h().scalar_type());
  }

  public Device device() {
    try (var d = h().device()) {
      return d.is_cuda() ? Device.cuda(Math.max(0, d.index())) : Device.CPU;
    }
  }

  public boolean isContiguous() {
    return h().is_contiguous();
  }

  /// True if the shape is exactly this: for `assert x.is(B, T, C)`, a comment that the tests execute.
  public boolean is(long... shape) {
    return Arrays.equals(shape(), shape);
  }

  // ---- values to Java

  /// The single value of a one-element tensor. Waits for the device.
  public double item() {
    Region.current().hostReads++;
    return unwrap("item", () -> h().item_double());
  }

  public long itemLong() {
    Region.current().hostReads++;
    return unwrap("item", () -> h().item_long());
  }

  /// The memory of a contiguous CPU tensor. It ends with the tensor, or with the scope that is innermost now if that closes
  /// first: late access throws in the JDK. For this thread.
  public MemorySegment asSegment() {
    return memory().reinterpret(lend(), null);
  }

  /// [#asSegment] without an end, for use at once.
  MemorySegment memory() {
    if (!isContiguous() || device().isCuda()) {
      throw new IllegalArgumentException("asSegment needs a contiguous CPU tensor; call to(Device.CPU).contiguous() first");
    }
    try (var p = h().data_ptr()) {
      long at = p == null || p.isNull() ? 0 : p.address();
      var segment = MemorySegment.ofAddress(at).reinterpret(bytes());
      return readOnly ? segment.asReadOnly() : segment;
    }
  }

  public float[] toFloats() {
    return Values.floats(this);
  }

  public double[] toDoubles() {
    return Values.doubles(this);
  }

  public long[] toLongs() {
    return Values.longs(this);
  }

  // ---- shape

  public Tensor view(long... shape) {
    return share("view", h -> h.view(shape));
  }

  public Tensor reshape(long... shape) {
    return share("reshape", h -> h.reshape(shape));
  }

  public Tensor transpose(int a, int b) {
    return share("transpose", h -> h.transpose(a, b));
  }

  public Tensor t() {
    return share("t", org.bytedeco.pytorch.Tensor::t);
  }

  public Tensor permute(long... dims) {
    return share("permute", h -> h.permute(dims));
  }

  public Tensor contiguous() {
    return share("contiguous", h -> h.contiguous());
  }

  public Tensor narrow(int dim, long start, long length) {
    return share("narrow", h -> h.narrow(dim, start, length));
  }

  /// Parts of these sizes along a dimension. Their gradients are put together in one copy, unlike those of [#narrow].
  public Tensor[] split(int dim, long... sizes) {
    return unwrap("split", () -> {
      try (var parts = h().split(sizes, dim)) {
        return IntStream.range(0, sizes.length)
            .mapToObj(i -> (Tensor) inherit(new Tensor(new org.bytedeco.pytorch.Tensor(parts.get(i))))).toArray(Tensor[]::new);
      }
    });
  }

  public Tensor select(int dim, long index) {
    return share("select", h -> h.select(dim, index));
  }

  public Tensor unsqueeze(int dim) {
    return share("unsqueeze", h -> h.unsqueeze(dim));
  }

  public Tensor squeeze(int dim) {
    return share("squeeze", h -> h.squeeze(dim));
  }

  /// Repeats dimensions of size 1 without a copy; -1 keeps a size.
  public Tensor expand(long... shape) {
    return share("expand", h -> h.expand(shape));
  }

  public Tensor flatten(int from, int to) {
    return share("flatten", h -> h.flatten(from, to));
  }

  /// Splits one dimension in two. `[.., a b, ..]` to `[.., a, b, ..]`
  public Tensor unflatten(int dim, long a, long b) {
    var shape = new long[dim() + 1];
    for (int i = 0; i < shape.length; i++) {
      shape[i] = i < dim ? size(i) : i == dim ? a : i == dim + 1 ? b : size(i - 1);
    }
    return view(shape);
  }

  /// Pieces of `size` along `dim`; the last may be smaller.
  public List<Tensor> split(long size, int dim) {
    var parts = Ops.unpack(unwrap("split", () -> h().split(size, dim)));
    parts.forEach(this::inherit);
    return parts;
  }

  public Tensor detach() {
    return share("detach", org.bytedeco.pytorch.Tensor::detach);
  }

  /// A copy with its own memory.
  public Tensor copy() {
    return map("clone", org.bytedeco.pytorch.Tensor::clone);
  }

  public Tensor to(DType dtype) {
    return share("to", h -> h.to(Native.scalarType(dtype)));
  }

  public Tensor to(Device device) {
    return share("to", h -> Calls.to(h, device, dtype(), false));
  }

  /// A copy in page-locked memory, from which a device copies by itself while Java goes on.
  public Tensor pinned() {
    return map("pin_memory", h -> h.pin_memory());
  }

  /// To a device without waiting for the copy to end; only from [#pinned] memory, which libtorch keeps until then.
  public Tensor toWithoutWaiting(Device device) {
    return map("to", h -> Calls.to(h, device, dtype(), true));
  }

  public Tensor to(Device device, DType dtype) {
    return share("to", h -> Calls.to(h, device, dtype, false));
  }

  // ---- autograd

  public boolean requiresGrad() {
    return h().requires_grad();
  }

  /// Marks a leaf as one whose gradient is wanted.
  @CanIgnoreReturnValue
  public Tensor requiresGrad(boolean wanted) {
    var _ = h().set_requires_grad(wanted);
    return this;
  }

  /// The accumulated gradient, or null if there is none. Lives in the innermost scope.
  public @Nullable Tensor grad() {
    var slot = h().grad();                            // a reference into the leaf: copy the handle
    return slot == null || !slot.defined() ? null : new Tensor(new org.bytedeco.pytorch.Tensor(slot));
  }

  /// Drops the gradient, or replaces it.
  public void setGrad(@Nullable Tensor gradient) {
    var slot = h().mutable_grad();
    if (gradient == null) {
      slot.reset();
    } else {
      var _ = slot.put(gradient.h());
    }
  }

  /// Gradients of this scalar with respect to every leaf that asked for one.
  public void backward() {
    unwrap("backward", () -> {
      h().backward();
      return this;
    });
  }

  /// Continues backward from this tensor with the gradient that arrived at it.
  public void backward(Tensor gradient) {
    unwrap("backward", () -> {
      h().backward(gradient.h(), Calls.NO_BOOL, false, Calls.NO_TENSORS);
      return this;
    });
  }

  @Override public String toString() {
    return isAlive() ? dtype() + " " + Arrays.toString(shape()) + " on " + device() : "a freed tensor";
  }
}
