package org.jtorch.nn;

import com.google.errorprone.annotations.CanIgnoreReturnValue;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.jtorch.tensor.DType;
import org.jtorch.tensor.Ops;
import org.jtorch.tensor.Tensor;
import org.jtorch.tensor.kernel.ResidualPass;

/// A named tensor of a module: declared with its shape, allocated when the model is initialised or loaded.
///
/// One parameter may hold several weights of the checkpoint, stacked by rows, so that they are one matrix
/// product (q, k and v; gate and up). [#parts] names them; a plain parameter has one part with an empty name.
public final class Parameter {
  /// Rows `[start, start + rows)` of the parameter are this weight of the checkpoint.
  public record Part(String name, long start, long rows) {
    /// The name in a checkpoint of a part whose module is at `path`.
    public String under(String path) {
      return Module.join(path, name);
    }
  }

  private final Init init;
  private final long[] shape;
  private final List<Part> parts;
  private List<Tensor> tensors = List.of();
  private boolean mayBePieces;
  private boolean precise;
  private @Nullable DType modelType;
  private boolean mapped;
  private @Nullable String givenUp;

  Parameter(Init init, List<Part> parts, long... shape) {
    this.init = init;
    this.shape = shape.clone();
    this.parts = List.copyOf(parts);
  }

  public long[] shape() {
    return shape.clone();
  }

  public long numel() {
    return Arrays.stream(shape).reduce(1, Math::multiplyExact);
  }

  public List<Part> parts() {
    return parts;
  }

  public Init init() {
    return init;
  }

  public boolean isAllocated() {
    return !tensors.isEmpty();
  }

  /// The tensor.
  ///
  /// @throws IllegalStateException before the model is initialised or loaded, and if the parameter lies [#inPieces]
  public Tensor tensor() {
    if (inPieces()) {
      throw new IllegalStateException("this parameter lies in pieces in a mapped file ("
          + parts.stream().map(Part::name).collect(Collectors.joining(", "))
          + "), not in one tensor: load the model with Pretrained.load(...) to train, quantize or change it");
    }
    return tensors().getFirst();
  }

  /// One tensor, or one for each part if the parameter lies [#inPieces].
  ///
  /// @throws IllegalStateException before the model is initialised or loaded
  public List<Tensor> tensors() {
    if (givenUp != null) {
      throw new IllegalStateException(givenUp);
    }
    if (tensors.isEmpty()) {
      throw new IllegalStateException("this model has no weights yet: call initialize(...) or load(...) first");
    }
    return tensors;
  }

  /// True once something else computes in place of it and its memory is free; see [Module#giveUp].
  public boolean isGivenUp() {
    return givenUp != null;
  }

  void giveUp(String why) {
    tensors = List.of();
    givenUp = why;
  }

  /// True in a mapped model whose file does not hold the parts next to each other.
  public boolean inPieces() {
    return tensors.size() > 1;
  }

  /// True if the memory is a file's, which cannot be changed.
  public boolean isMapped() {
    return mapped;
  }

  /// True if the layer that declared the parameter can work with it in pieces.
  public boolean mayBePieces() {
    return mayBePieces;
  }

  /// Declares that the layer can work with this parameter in pieces.
  @CanIgnoreReturnValue
  public Parameter allowPieces() {
    mayBePieces = true;
    return this;
  }

  /// Declares that the parameter stays float32 in a model of half precision: norm weights, of which every channel's error is
  /// that of all tokens.
  @CanIgnoreReturnValue
  public Parameter keepPrecise() {
    precise = true;
    return this;
  }

  /// The type that this parameter takes in a model of type `wanted`, which it remembers.
  public DType typeIn(DType wanted) {
    modelType = wanted;
    return precise && wanted.isHalf() ? DType.F32 : wanted;
  }

  /// The type of the model that the parameter is part of: of its activations and products.
  public DType modelType() {
    return modelType == null ? tensors().getFirst().dtype() : modelType;
  }

  /// True if the parameter is float32 in a model of half precision.
  public boolean isPrecise() {
    return precise && modelType().isHalf();
  }

  void set(Tensor t) {
    tensors = List.of(t);
  }

  /// Uses memory of a file, which is frozen.
  void map(List<Tensor> pieces) {
    tensors = List.copyOf(pieces);
    mapped = true;
  }

  /// Marks the parameter as trained or frozen.
  ///
  /// @throws IllegalStateException if the model is mapped: a file cannot be trained in place
  void requiresGrad(boolean wanted) {
    if (isGivenUp() && !wanted) {
      return;                                        // frozen by nature
    }
    if (mapped && wanted) {
      throw new IllegalStateException("the weights of this model are a mapped file and cannot be trained: "
          + "load it with Pretrained.load(...), which copies them");
    }
    tensors().forEach(t -> t.requiresGrad(wanted));
  }

  /// The gradient in float32 (float64 of a float64 parameter), to add to in place: zeros where there is none yet. Gradients
  /// that are summed from many pieces go there, whatever the parameter's type: the head's and the embedding's.
  public Tensor gradientSum() {
    Tensor t = tensor();
    DType type = t.dtype() == DType.F64 ? DType.F64 : DType.F32;
    Tensor sum = t.grad();
    if (sum == null || sum.dtype() != type) {
      sum = sum == null ? Ops.zeros(type, t.device(), shape) : sum.to(type);
      t.setGrad(sum);
    }
    return sum;
  }

  /// Adds the product `a b` to the gradient, summed in float32: dW from a piece of a batch.
  public void addProduct(Tensor a, Tensor b) {
    if (!tensor().dtype().isHalf()) {
      Ops.addmmInPlace(gradientSum(), 1, 1, a, b);
    } else if (tensor().grad() == null) {
      tensor().setGrad(a.matmul(b).to(DType.F32));
    } else {
      ResidualPass.addInto(gradientSum(), a.matmul(b));
    }
  }

  /// The gradient, or null; float32 or of the parameter's type.
  public @Nullable Tensor grad() {
    return mapped || isGivenUp() ? null : tensor().grad();
  }
}
