/// Tensors with PyTorch's words and life times that Java can see.
///
/// The only package, with those below it, that imports `org.bytedeco`: everything of JavaCPP is package-private here, except
/// [org.jtorch.tensor.UnsafeJavaCpp], the escape hatch whose name warns. A [org.jtorch.tensor.Tensor] lives in
/// the innermost open [org.jtorch.tensor.TensorScope] of its thread, or belongs to a [org.jtorch.tensor.TensorOwner].
@NullMarked
package org.jtorch.tensor;

import org.jspecify.annotations.NullMarked;
