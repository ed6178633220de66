package org.jtorch.tensor;

import com.google.errorprone.annotations.CanIgnoreReturnValue;
import com.google.errorprone.annotations.CheckReturnValue;

/// The arithmetic of [Tensor], in PyTorch's words and one line each. Methods that end in `InPlace` change the tensor.
///
/// A number takes the type of the tensor as in PyTorch: integers stay integers with a `long` and become float32 with a `double`;
/// floating-point tensors keep their type with either.
@CheckReturnValue
abstract sealed class TensorMath extends TensorHandle permits Tensor {
  TensorMath(org.bytedeco.pytorch.Tensor handle) {
    super(handle);
  }

  // ---- arithmetic

  public Tensor add(Tensor o) {
    return map("add", o, org.bytedeco.pytorch.Tensor::add);
  }

  public Tensor add(double v) {
    return map("add", h -> Calls.scalar(v, s -> h.add(s)));
  }

  public Tensor add(long v) {
    return map("add", h -> Calls.scalar(v, s -> h.add(s)));
  }

  public Tensor sub(Tensor o) {
    return map("sub", o, org.bytedeco.pytorch.Tensor::sub);
  }

  public Tensor sub(double v) {
    return map("sub", h -> Calls.scalar(v, s -> h.sub(s)));
  }

  public Tensor sub(long v) {
    return map("sub", h -> Calls.scalar(v, s -> h.sub(s)));
  }

  public Tensor mul(Tensor o) {
    return map("mul", o, org.bytedeco.pytorch.Tensor::mul);
  }

  public Tensor mul(double v) {
    return map("mul", h -> Calls.scalar(v, s -> h.mul(s)));
  }

  public Tensor mul(long v) {
    return map("mul", h -> Calls.scalar(v, s -> h.mul(s)));
  }

  public Tensor div(Tensor o) {
    return map("div", o, org.bytedeco.pytorch.Tensor::div);
  }

  /// Always a true division: integers become float32; see [#floorDiv].
  public Tensor div(double v) {
    return map("div", h -> Calls.scalar(v, s -> h.div(s)));
  }

  public Tensor pow(double v) {
    return map("pow", h -> Calls.scalar(v, s -> h.pow(s)));
  }

  public Tensor pow(long v) {
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

  /// Divided and rounded down, integers staying integers.
  public Tensor floorDiv(long v) {
    return map("floor_divide", h -> Calls.scalar(v, s -> h.floor_divide(s)));
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

  /// Summed in and returned as `type`.
  public Tensor sum(int dim, boolean keep, DType type) {
    return map("sum", h -> Calls.type(type, t -> h.sum(new long[] {dim}, keep, t)));
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

  /// Computed in and returned as `type`; on CUDA from bf16 to float32 in one kernel.
  public Tensor softmax(int dim, DType type) {
    return map("softmax", h -> Calls.type(type, t -> h.softmax(dim, t)));
  }

  /// Computed in and returned as `type`; on CUDA from bf16 to float32 in one kernel.
  public Tensor logSoftmax(int dim, DType type) {
    return map("log_softmax", h -> Calls.type(type, t -> h.log_softmax(dim, t)));
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

  public Tensor ge(long v) {
    return map("ge", h -> Calls.scalar(v, s -> h.ge(s)));
  }

  public Tensor le(Tensor o) {
    return map("le", o, org.bytedeco.pytorch.Tensor::le);
  }

  public Tensor or(Tensor o) {
    return map("logical_or", o, org.bytedeco.pytorch.Tensor::logical_or);
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

  public Tensor maskedFill(Tensor mask, long v) {
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
  public Tensor tanhInPlace() {
    return change("tanh_", (Tensor) this, (h, _) -> h.tanh_());
  }

  @CanIgnoreReturnValue
  public Tensor mulInPlace(Tensor o) {
    return change("mul_", o, org.bytedeco.pytorch.Tensor::mul_);
  }

  @CanIgnoreReturnValue
  public Tensor mulInPlace(double v) {
    return change("mul_", (Tensor) this, (h, _) -> Calls.scalar(v, s -> h.mul_(s)));
  }

  @CanIgnoreReturnValue
  public Tensor mulInPlace(long v) {
    return change("mul_", (Tensor) this, (h, _) -> Calls.scalar(v, s -> h.mul_(s)));
  }

  @CanIgnoreReturnValue
  public Tensor fillInPlace(double v) {
    return change("fill_", (Tensor) this, (h, _) -> Calls.scalar(v, s -> h.fill_(s)));
  }

  @CanIgnoreReturnValue
  public Tensor fillInPlace(long v) {
    return change("fill_", (Tensor) this, (h, _) -> Calls.scalar(v, s -> h.fill_(s)));
  }

  @CanIgnoreReturnValue
  public Tensor zeroInPlace() {
    return change("zero_", (Tensor) this, (h, _) -> h.zero_());
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
}
