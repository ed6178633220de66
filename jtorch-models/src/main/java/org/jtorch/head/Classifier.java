package org.jtorch.head;

import java.util.List;
import org.jtorch.decoder.Decoder;
import org.jtorch.nn.Parameter;
import org.jtorch.nn.Pass;
import org.jtorch.tensor.DType;
import org.jtorch.tensor.Device;
import org.jtorch.tensor.Tensor;

/// A model that judges whole sequences: `n` numbers a row. [Classifiers] loads and saves them.
public sealed interface Classifier extends AutoCloseable permits EncoderClassifier, DecoderClassifier {
  /// The head's numbers for every row, with a look at every layer's output.
  ///
  /// @param ids int64 `[B, T]`
  /// @param pass its key mask says which tokens are real
  /// @return `[B, n]`
  Tensor logits(Tensor ids, Pass pass, Decoder.Probe probe);

  /// The head's numbers for every row. ids int64 `[B, T]`; result `[B, n]`
  default Tensor logits(Tensor ids, Pass pass) {
    return logits(ids, pass, (_, _) -> {});
  }

  Labels labels();

  List<Parameter> parameters();

  /// Those of [#parameters] that are the head's: what a fresh head begins with, and what an adapter trains along.
  List<Parameter> headParameters();

  /// The longest sequence that the model was made for.
  int maxPositions();

  DType dtype();

  Device device();

  @Override void close();
}
