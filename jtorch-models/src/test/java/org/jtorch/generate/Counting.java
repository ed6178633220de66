package org.jtorch.generate;

import java.util.List;
import org.jspecify.annotations.Nullable;
import org.jtorch.attention.KvCache;
import org.jtorch.decoder.CausalLm;
import org.jtorch.nn.Parameter;
import org.jtorch.nn.Pass;
import org.jtorch.tensor.DType;
import org.jtorch.tensor.Device;
import org.jtorch.tensor.Tensor;

/// A model that counts the rows of its decoding steps.
final class Counting implements CausalLm {
  private final CausalLm model;
  long rows;

  Counting(CausalLm model) {
    this.model = model;
  }

  @Override public Tensor hidden(Tensor ids, Pass pass, @Nullable KvCache cache) {
    rows += ids.size(1) == 1 ? ids.size(0) : 0;
    return model.hidden(ids, pass, cache);
  }

  @Override public Tensor logits(Tensor hidden) {
    return model.logits(hidden);
  }

  @Override public Parameter head() {
    return model.head();
  }

  @Override public List<Parameter> parameters() {
    return model.parameters();
  }

  @Override public int vocabSize() {
    return model.vocabSize();
  }

  @Override public int maxPositions() {
    return model.maxPositions();
  }

  @Override public DType dtype() {
    return model.dtype();
  }

  @Override public Device device() {
    return model.device();
  }

  @SuppressWarnings("MustBeClosedChecker")     // ownership passes to the caller
  @Override public KvCache cache(int batch, int capacity) {
    return model.cache(batch, capacity);
  }

  @Override public void close() {}                // the model belongs to the test
}
