package org.jtorch.parity;

import org.jspecify.annotations.Nullable;
import org.jtorch.attention.KvCache;
import org.jtorch.decoder.CausalLm;
import org.jtorch.nn.Init;
import org.jtorch.nn.Module;
import org.jtorch.nn.Parameter;
import org.jtorch.nn.Pass;
import org.jtorch.nn.SoftCap;
import org.jtorch.tensor.DType;
import org.jtorch.tensor.Device;
import org.jtorch.tensor.Ops;
import org.jtorch.tensor.Tensor;

/// A language model that is nothing but its head, to test losses on stored hidden states.
public final class HeadOnly extends Module implements CausalLm {
  private final Parameter head;
  private final SoftCap cap;

  /// @param weight `[V, C]`
  public HeadOnly(Tensor weight, SoftCap cap) {
    this.cap = cap;
    head = parameter("weight", new Init.Constant(0), weight.shape());
    var _ = allocate((_, _) -> weight.copy().requiresGrad(true));
  }

  @Override public Tensor hidden(Tensor ids, Pass pass, @Nullable KvCache cache) {
    throw new UnsupportedOperationException("this model has no layers; give its hidden states");
  }

  @Override public Tensor logits(Tensor hidden) {
    return cap.apply(Ops.linear(hidden, head.tensor(), null));
  }

  @Override public SoftCap logitCap() {
    return cap;
  }

  @Override public Parameter head() {
    return head;
  }

  @Override public int vocabSize() {
    return Math.toIntExact(head.shape()[0]);
  }

  @Override public int maxPositions() {
    return Integer.MAX_VALUE;
  }

  @Override public DType dtype() {
    return head.tensor().dtype();
  }

  @Override public Device device() {
    return head.tensor().device();
  }

  @Override public KvCache cache(int batch, int capacity) {
    throw new UnsupportedOperationException("this model has no layers and needs no cache");
  }
}
