package org.jtorch.attention;

import org.jtorch.tensor.Tensor;

/// Keys and values that every query of a layer sees before those of its text, whatever window or mask it has: a trained prefix.
public interface KeyValuePrefix {
  /// The layer's pair, P tokens long. Both `[G, P, D]`
  ///
  /// @param keys as they are multiplied with a rotated query whose text begins at position 0
  record Pair(Tensor keys, Tensor values) {}

  Pair pair();
}
