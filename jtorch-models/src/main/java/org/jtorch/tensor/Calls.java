package org.jtorch.tensor;

import java.util.function.Function;
import org.bytedeco.javacpp.Pointer;
import org.bytedeco.pytorch.BoolOptional;
import org.bytedeco.pytorch.Context;
import org.bytedeco.pytorch.DeviceOptional;
import org.bytedeco.pytorch.DoubleOptional;
import org.bytedeco.pytorch.GeneratorOptional;
import org.bytedeco.pytorch.LongOptional;
import org.bytedeco.pytorch.MemoryFormatOptional;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.ScalarTypeOptional;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorArrayRefOptional;
import org.bytedeco.pytorch.TensorOptional;
import org.bytedeco.pytorch.TensorOptions;
import org.bytedeco.pytorch.TensorVector;
import org.bytedeco.pytorch.global.torch;
import org.jspecify.annotations.Nullable;

/// JavaCPP's argument objects, each closed in the statement that made it.
final class Calls {
  /// Absent optionals are constants: they hold nothing and are never freed.
  static final TensorOptional NO_TENSOR = new TensorOptional();
  static final DoubleOptional NO_DOUBLE = new DoubleOptional();
  static final LongOptional NO_LONG = new LongOptional();
  static final BoolOptional NO_BOOL = new BoolOptional();
  static final ScalarTypeOptional NO_TYPE = new ScalarTypeOptional();
  static final GeneratorOptional NO_GENERATOR = new GeneratorOptional();
  static final MemoryFormatOptional NO_FORMAT = new MemoryFormatOptional();
  static final TensorArrayRefOptional NO_TENSORS = new TensorArrayRefOptional();
  static final Context CONTEXT = torch.globalContext();
  private static final Scalar ZERO = new Scalar(0.0);
  private static final Scalar ONE = new Scalar(1.0);
  private static final Scalar MINUS_ONE = new Scalar(-1.0);
  private static final Scalar NONE = new Scalar(0L);
  private static final Scalar SINGLE = new Scalar(1L);

  private Calls() {}

  /// Runs `body` with a `Scalar` of `value`.
  static <R> R scalar(double value, Function<Scalar, R> body) {
    if (value == 0) {
      return body.apply(ZERO);
    }
    if (value == 1) {
      return body.apply(ONE);
    }
    if (value == -1) {
      return body.apply(MINUS_ONE);
    }
    try (var s = new Scalar(value)) {
      return body.apply(s);
    }
  }

  /// Runs `body` with a `Scalar` of `value`, whose type is an integer's.
  static <R> R scalar(long value, Function<Scalar, R> body) {
    if (value == 0) {
      return body.apply(NONE);
    }
    if (value == 1) {
      return body.apply(SINGLE);
    }
    try (var s = new Scalar(value)) {
      return body.apply(s);
    }
  }

  static <R> R optional(org.jtorch.tensor.@Nullable Tensor t, Function<TensorOptional, R> body) {
    if (t == null) {
      return body.apply(NO_TENSOR);
    }
    try (var o = new TensorOptional(t.h())) {
      return body.apply(o);
    }
  }

  static <R> R type(DType dtype, Function<ScalarTypeOptional, R> body) {
    try (var o = new ScalarTypeOptional(Native.scalarType(dtype))) {
      return body.apply(o);
    }
  }

  static <R> R options(DType dtype, Device device, Function<TensorOptions, R> body) {
    try (var base = new TensorOptions(Native.scalarType(dtype))) {
      if (!device.isCuda()) {
        return body.apply(base);
      }
      try (var d = nativeDevice(device); var o = new DeviceOptional(d); var on = base.device(o)) {
        return body.apply(on);
      }
    }
  }

  static org.bytedeco.pytorch.Device nativeDevice(Device device) {
    return new org.bytedeco.pytorch.Device(device.toString());
  }

  /// A vector of handles; the elements stay with their owners.
  static <R> R vector(java.util.List<org.jtorch.tensor.Tensor> tensors, Function<TensorVector, R> body) {
    try (var v = new TensorVector()) {
      v.resize(tensors.size());
      for (int i = 0; i < tensors.size(); i++) {
        v.put(i, tensors.get(i).h());
      }
      return body.apply(v);
    }
  }

  /// `to(device, dtype, nonBlocking)` without touching what is already there.
  static Tensor to(Tensor h, Device device, DType dtype, boolean nonBlocking) {
    try (var d = nativeDevice(device)) {
      return h.to(d, Native.scalarType(dtype), nonBlocking, false, NO_FORMAT);
    }
  }

  /// A pointer to memory that is not JavaCPP's.
  static Pointer at(long address) {
    return new Foreign(address);
  }

  private static final class Foreign extends Pointer {
    Foreign(long address) {
      super((Pointer) null);
      this.address = address;
    }
  }

}
