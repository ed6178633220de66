package org.jtorch.family;

import java.util.Collection;
import java.util.Optional;
import java.util.Set;
import org.jtorch.io.DataException;
import org.jtorch.io.SafeTensors;
import org.jtorch.tensor.DType;

/// The type that a model has in a file: that of the first floating-point tensor there that is a weight of the model. Files
/// hold other things, too, and before the weights: old BERTs their positions as whole numbers.
public final class StoredType {
  private static final Set<String> FLOATING = Set.of("F16", "BF16", "F32", "F64");

  private StoredType() {}

  /// @param wanted names of the model's weights in the file
  /// @throws DataException if none of them is a floating-point tensor
  public static DType of(SafeTensors file, Collection<String> wanted) {
    return find(file, wanted).orElseThrow(() -> new DataException(file.source()
        + (file.entries().isEmpty() ? " holds no tensors" : " holds no floating-point tensor that is a weight of this model")
        + "; fetch or export the model again"));
  }

  /// [#of] for a file that need not be this model's.
  public static Optional<DType> find(SafeTensors file, Collection<String> wanted) {
    var names = Set.copyOf(wanted);
    return file.entries().values().stream().filter(e -> names.contains(e.name()) && FLOATING.contains(e.dtype())).findFirst()
        .map(e -> DType.parse(e.dtype()));
  }
}
