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
/// [IllegalStateException]. Free functions are in [Ops].
@CheckReturnValue
public final class Tensor {
  /// The depth of a tensor that belongs to an owner and to no scope.
  static final int OWNED = 0;
  private static final @Nullable String TRACE = System.getProperty("jtorch.trace");

  static {
    Native.load();
  }

  private org.bytedeco.pytorch.@Nullable Tensor handle;
  private final @Nullable Throwable birth;
  int depth;
  /// How many entries of a [GradTape] still need it.
  int uses;
  private boolean readOnly;
  private boolean alias;

  Tensor(org.bytedeco.pytorch.Tensor handle) {
    this.handle = handle;
    this.birth = TRACE == null ? null : new Throwable("born here");
    Region.current().born(this);
  }

  // ---- creation

  /// A float32 vector on the CPU. `[n]`
  public static Tensor of(float... values) {
    var t = Ops.empty(DType.F32, Device.CPU, values.length);
    t.asSegment().copyFrom(MemorySegment.ofArray(values));
    return t;
  }

  /// An int64 vector on the CPU. `[n]`
  public static Tensor of(long... values) {
    var t = Ops.empty(DType.I64, Device.CPU, values.length);
    t.asSegment().copyFrom(MemorySegment.ofArray(values));
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

  public boolean isAlive() {
    return handle != null;
  }

  // ---- values to Java

  /// The single value of a one-element tensor. Waits for the device.
  public double item() {
    return unwrap("item", () -> h().item_double());
  }

  public long itemLong() {
    return unwrap("item", () -> h().item_long());
  }

  /// The memory of a contiguous CPU tensor, bounded by the innermost scope: late access throws in the JDK.
  public MemorySegment asSegment() {
    if (!isContiguous() || device().isCuda()) {
      throw new IllegalArgumentException("asSegment needs a contiguous CPU tensor; call to(Device.CPU).contiguous() first");
    }
    try (var p = h().data_ptr()) {
      long at = p == null || p.isNull() ? 0 : p.address();
      var segment = MemorySegment.ofAddress(at).reinterpret(bytes(), TensorScope.innermost().arena(), null);
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

  public Tensor to(Device device, DType dtype) {
    return share("to", h -> Calls.to(h, device, dtype, false));
  }

  // ---- arithmetic

  public Tensor add(Tensor o) {
    return map("add", o, org.bytedeco.pytorch.Tensor::add);
  }

  public Tensor add(double v) {
    return map("add", h -> Calls.scalar(v, s -> h.add(s)));
  }

  public Tensor sub(Tensor o) {
    return map("sub", o, org.bytedeco.pytorch.Tensor::sub);
  }

  public Tensor sub(double v) {
    return map("sub", h -> Calls.scalar(v, s -> h.sub(s)));
  }

  public Tensor mul(Tensor o) {
    return map("mul", o, org.bytedeco.pytorch.Tensor::mul);
  }

  public Tensor mul(double v) {
    return map("mul", h -> Calls.scalar(v, s -> h.mul(s)));
  }

  public Tensor div(Tensor o) {
    return map("div", o, org.bytedeco.pytorch.Tensor::div);
  }

  public Tensor div(double v) {
    return map("div", h -> Calls.scalar(v, s -> h.div(s)));
  }

  public Tensor pow(double v) {
    return map("pow", h -> Calls.scalar(v, s -> h.pow(s)));
  }

  public Tensor matmul(Tensor o) {
    return map("matmul", o, org.bytedeco.pytorch.Tensor::matmul);
  }

  public Tensor neg() {
    return map("neg", org.bytedeco.pytorch.Tensor::neg);
  }

  public Tensor exp() {
    return map("exp", org.bytedeco.pytorch.Tensor::exp);
  }

  public Tensor log() {
    return map("log", org.bytedeco.pytorch.Tensor::log);
  }

  public Tensor sqrt() {
    return map("sqrt", org.bytedeco.pytorch.Tensor::sqrt);
  }

  public Tensor rsqrt() {
    return map("rsqrt", org.bytedeco.pytorch.Tensor::rsqrt);
  }

  public Tensor square() {
    return map("square", org.bytedeco.pytorch.Tensor::square);
  }

  public Tensor abs() {
    return map("abs", org.bytedeco.pytorch.Tensor::abs);
  }

  public Tensor cos() {
    return map("cos", org.bytedeco.pytorch.Tensor::cos);
  }

  public Tensor sin() {
    return map("sin", org.bytedeco.pytorch.Tensor::sin);
  }

  public Tensor tanh() {
    return map("tanh", org.bytedeco.pytorch.Tensor::tanh);
  }

  public Tensor sigmoid() {
    return map("sigmoid", org.bytedeco.pytorch.Tensor::sigmoid);
  }

  // ---- reductions

  public Tensor sum() {
    return map("sum", org.bytedeco.pytorch.Tensor::sum);
  }

  public Tensor sum(int dim, boolean keep) {
    return map("sum", h -> h.sum(new long[] {dim}, keep, Calls.NO_TYPE));
  }

  public Tensor mean() {
    return map("mean", org.bytedeco.pytorch.Tensor::mean);
  }

  public Tensor mean(int dim, boolean keep) {
    return map("mean", h -> h.mean(new long[] {dim}, keep, Calls.NO_TYPE));
  }

  public Tensor amax(int dim, boolean keep) {
    return map("amax", h -> h.amax(new long[] {dim}, keep));
  }

  public Tensor max() {
    return map("max", org.bytedeco.pytorch.Tensor::max);
  }

  public Tensor argMax(int dim) {
    return map("argmax", h -> Ops.argMax(h, dim));
  }

  public Tensor cumsum(int dim) {
    return map("cumsum", h -> h.cumsum(dim));
  }

  public Tensor softmax(int dim) {
    return map("softmax", h -> h.softmax(dim));
  }

  public Tensor logSoftmax(int dim) {
    return map("log_softmax", h -> h.log_softmax(dim));
  }

  // ---- comparison and indexing

  public Tensor eq(Tensor o) {
    return map("eq", o, org.bytedeco.pytorch.Tensor::eq);
  }

  public Tensor eq(long v) {
    return map("eq", h -> Calls.scalar(v, s -> h.eq(s)));
  }

  public Tensor lt(Tensor o) {
    return map("lt", o, org.bytedeco.pytorch.Tensor::lt);
  }

  public Tensor gt(Tensor o) {
    return map("gt", o, org.bytedeco.pytorch.Tensor::gt);
  }

  public Tensor ge(double v) {
    return map("ge", h -> Calls.scalar(v, s -> h.ge(s)));
  }

  public Tensor le(Tensor o) {
    return map("le", o, org.bytedeco.pytorch.Tensor::le);
  }

  public Tensor and(Tensor o) {
    return map("logical_and", o, org.bytedeco.pytorch.Tensor::logical_and);
  }

  public Tensor not() {
    return map("logical_not", org.bytedeco.pytorch.Tensor::logical_not);
  }

  public Tensor maskedFill(Tensor mask, double v) {
    return map("masked_fill", mask, (h, m) -> Calls.scalar(v, s -> h.masked_fill(m, s)));
  }

  public Tensor indexSelect(int dim, Tensor index) {
    return map("index_select", index, (h, i) -> h.index_select(dim, i));
  }

  public Tensor gather(int dim, Tensor index) {
    return map("gather", index, (h, i) -> h.gather(dim, i));
  }

  // ---- in place

  @CanIgnoreReturnValue
  public Tensor addInPlace(Tensor o) {
    return change("add_", o, org.bytedeco.pytorch.Tensor::add_);
  }

  @CanIgnoreReturnValue
  public Tensor addInPlace(Tensor o, double alpha) {
    return change("add_", o, (h, x) -> Calls.scalar(alpha, s -> h.add_(x, s)));
  }

  @CanIgnoreReturnValue
  public Tensor mulInPlace(Tensor o) {
    return change("mul_", o, org.bytedeco.pytorch.Tensor::mul_);
  }

  @CanIgnoreReturnValue
  public Tensor mulInPlace(double v) {
    return change("mul_", this, (h, _) -> Calls.scalar(v, s -> h.mul_(s)));
  }

  @CanIgnoreReturnValue
  public Tensor fillInPlace(double v) {
    return change("fill_", this, (h, _) -> Calls.scalar(v, s -> h.fill_(s)));
  }

  @CanIgnoreReturnValue
  public Tensor zeroInPlace() {
    return change("zero_", this, (h, _) -> h.zero_());
  }

  /// Copies `source` into this tensor, converting its type; between devices without waiting if `source` is pinned.
  @CanIgnoreReturnValue
  public Tensor copyInPlace(Tensor source) {
    return change("copy_", source, (h, s) -> h.copy_(s, true));
  }

  @CanIgnoreReturnValue
  public Tensor indexCopyInPlace(int dim, Tensor index, Tensor source) {
    return change("index_copy_", source, (h, s) -> h.index_copy_(dim, index.h(), s));
  }

  /// Adds row `i` of `source` to row `index[i]`.
  @CanIgnoreReturnValue
  public Tensor indexAddInPlace(int dim, Tensor index, Tensor source) {
    return change("index_add_", source, (h, s) -> h.index_add_(dim, index.h(), s));
  }

  /// Adds `value · a ⊙ b`.
  @CanIgnoreReturnValue
  public Tensor addcmulInPlace(Tensor a, Tensor b, double value) {
    return change("addcmul_", a, (h, x) -> Calls.scalar(value, s -> h.addcmul_(x, b.h(), s)));
  }

  @CanIgnoreReturnValue
  public Tensor scatterInPlace(int dim, Tensor index, Tensor source) {
    return change("scatter_", source, (h, s) -> h.scatter_(dim, index.h(), s));
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

  // ---- plumbing

  org.bytedeco.pytorch.Tensor h() {
    var h = handle;
    if (h == null) {
      throw new IllegalStateException("this tensor was freed: its scope is closed"
          + (birth == null ? " (-Djtorch.trace=scopes shows where it was born)" : ""), birth);
    }
    return h;
  }

  void free() {
    var h = handle;
    if (h != null) {
      handle = null;
      h.close();
    }
  }

  void refuseAlias(String word) {
    if (alias) {
      throw new IllegalStateException("an alias of foreign memory cannot be " + word
          + ": it would outlive the memory; copy() it, or give it to a TensorOwner that also owns the mapping");
    }
  }

  void refuseReadOnly(String op) {
    if (readOnly) {
      throw new IllegalStateException(op + ": this tensor is an alias of a read-only mapping; copy() it first");
    }
  }

  /// Runs a native call; a refusal becomes a [TorchException] that names this tensor.
  @CanIgnoreReturnValue
  private <R> R unwrap(String op, java.util.function.Supplier<R> body) {
    try {
      return body.get();
    } catch (IllegalStateException | IllegalArgumentException | TorchException e) {
      throw e;
    } catch (RuntimeException e) {
      throw TorchException.of(op, e, this);
    }
  }

  interface Unary {
    org.bytedeco.pytorch.Tensor on(org.bytedeco.pytorch.Tensor a);
  }

  interface Binary {
    org.bytedeco.pytorch.Tensor on(org.bytedeco.pytorch.Tensor a, org.bytedeco.pytorch.Tensor b);
  }

  Tensor map(String op, Unary f) {
    var a = h();
    try {
      return new Tensor(f.on(a));
    } catch (IllegalStateException e) {
      throw e;
    } catch (RuntimeException e) {
      throw TorchException.of(op, e, this);
    }
  }

  Tensor map(String op, Tensor o, Binary f) {
    var a = h();
    var b = o.h();
    try {
      return new Tensor(f.on(a, b));
    } catch (IllegalStateException e) {
      throw e;
    } catch (RuntimeException e) {
      throw TorchException.of(op, e, this, o);
    }
  }

  /// An operation whose result may share this tensor's memory, and with it the ban on in-place changes.
  private Tensor share(String op, Unary f) {
    return inherit(map(op, f));
  }

  @CanIgnoreReturnValue
  private Tensor inherit(Tensor t) {
    if (alias && t.h().is_alias_of(h())) {
      t.readOnly = readOnly;
      t.alias = true;
    }
    return t;
  }

  private Tensor change(String op, Tensor o, Binary f) {
    refuseReadOnly(op);
    try {
      var _ = f.on(h(), o.h());                      // JavaCPP answers with this very handle
      return this;
    } catch (IllegalStateException e) {
      throw e;
    } catch (RuntimeException e) {
      throw TorchException.of(op, e, this, o);
    }
  }

  @Override public String toString() {
    return isAlive() ? dtype() + " " + Arrays.toString(shape()) + " on " + device() : "a freed tensor";
  }
}
