package org.jtorch.tensor;

/// The escape hatch for research code that needs an operator JTorch does not have.
///
/// Unsafe: nothing here checks life times. A borrowed handle must not be closed and must not be used after
/// its scope; a tensor given to [#adopt] must be closed by nobody else. Other JavaCPP objects (`Scalar`,
/// `TensorVector`, optionals) are yours to close.
public final class UnsafeJavaCpp {
  private UnsafeJavaCpp() {}

  /// The JavaCPP handle behind `t`, still owned by `t`.
  public static org.bytedeco.pytorch.Tensor borrow(Tensor t) {
    return t.h();
  }

  /// Puts a JavaCPP tensor into the innermost scope, which closes it.
  public static Tensor adopt(org.bytedeco.pytorch.Tensor handle) {
    return new Tensor(handle);
  }
}
