package org.jtorch.decoder;

import java.util.List;
import org.jspecify.annotations.Nullable;
import org.jtorch.attention.KvCache;
import org.jtorch.nn.Parameter;
import org.jtorch.nn.Pass;
import org.jtorch.nn.SoftCap;
import org.jtorch.tensor.DType;
import org.jtorch.tensor.Device;
import org.jtorch.tensor.Tensor;

/// A model that predicts the next token, as trainers and generators see it. B batch, T time, C channels, V vocabulary.
public interface CausalLm extends AutoCloseable {
  /// The hidden states under the head, after the final norm. ids int64 `[B, T]`; result `[B, T, C]`
  Tensor hidden(Tensor ids, Pass pass, @Nullable KvCache cache);

  /// Scores of the next token. hidden `[..., C]`; result `[..., V]`
  Tensor logits(Tensor hidden);

  /// Scores for every position of every row. ids int64 `[B, T]`; result `[B, T, V]`
  default Tensor apply(Tensor ids, Pass pass) {
    return logits(hidden(ids, pass, null));
  }

  /// The head's matrix, which a tied model shares with its embedding. `[V, C]`
  Parameter head();

  /// The cap that [#logits] ends with; losses that multiply with [#head] themselves apply it.
  default SoftCap logitCap() {
    return SoftCap.NONE;
  }

  /// What the experts' balancing loss is multiplied by in training; 0 for a model without experts.
  default double auxCoefficient() {
    return 0;
  }

  List<Parameter> parameters();

  int vocabSize();

  /// Ids from 0 up to here may go in: the vocabulary, and virtual tokens behind it if an adapter has put some there.
  default int inputIds() {
    return vocabSize();
  }

  /// The longest sequence that the model was made for.
  int maxPositions();

  /// Whether a sequence of this length can run; rotary scalings that grow with the length know no bound.
  default boolean fits(long length) {
    return length <= maxPositions();
  }

  /// Whether several answers may go on from one prompt in a row, see [org.jtorch.nn.Layout#trunks].
  default boolean branches() {
    return false;
  }

  DType dtype();

  Device device();

  /// An empty cache for this model.
  KvCache cache(int batch, int capacity);

  @Override void close();
}
