package org.jtorch.attention;

import java.util.List;
import org.jtorch.nn.Frozen;
import org.jtorch.tensor.Ops;
import org.jtorch.tensor.Tensor;

/// Keys and values that every query of a layer sees before those of its text, whatever window or mask it has: a trained prefix.
public interface KeyValuePrefix {
  /// The layer's pair, P tokens long. Both `[G, P, D]`
  ///
  /// @param keys as they are multiplied with a rotated query whose text begins at position 0
  record Pair(Tensor keys, Tensor values) {}

  Pair pair();

  /// [#pair], made once for all passes that share `frozen`.
  default Pair pair(Frozen frozen) {
    record Key(KeyValuePrefix prefix) {}
    Tensor both = frozen.keep(new Key(this), () -> {
      Pair p = pair();
      return Ops.stack(0, List.of(p.keys(), p.values()));
    });
    return new Pair(both.select(0, 0), both.select(0, 1));
  }
}
