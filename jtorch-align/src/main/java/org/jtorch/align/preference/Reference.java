package org.jtorch.align.preference;

import org.jtorch.decoder.CausalLm;
import org.jtorch.decoder.Decoder;
import org.jtorch.nn.Parameter;
import org.jtorch.nn.Pass;
import org.jtorch.tensor.DType;
import org.jtorch.tensor.Grad;
import org.jtorch.tensor.Ops;
import org.jtorch.tensor.Tensor;
import org.jtorch.train.BatchTensors;

/// The model that a preference loss measures from: where the policy was when it began. Close it after the training.
public abstract sealed class Reference implements AutoCloseable {
  private Reference() {}

  /// A second model in memory, which stays as it is and which its maker closes.
  public static Reference of(CausalLm frozen) {
    return new Beside(frozen, false);
  }

  /// A copy of the policy as it is now, in its type; before an adapter is put on it, if there is one. The reference frees it.
  @SuppressWarnings("MustBeClosedChecker")                       // the reference closes it
  public static Reference frozenCopyOf(Decoder policy) {
    var copy = new Decoder(policy.config());
    var from = policy.parameters().iterator();
    DType type = policy.dtype();
    try (var _ = Grad.off()) {
      copy.allocate((p, _) -> copyOf(from.next(), p, type));
    }
    return new Beside(copy, true);
  }

  private static Tensor copyOf(Parameter from, Parameter to, DType type) {
    var _ = to.typeIn(type);
    return from.tensor().detach().copy();
  }

  /// The policy itself with its adapter switched off: no second model.
  public static Reference adapterOff() {
    return new AdapterOff();
  }

  /// What the rows bring along: see [PairShards] and [ReferenceScores]. No reference runs.
  public static Reference precomputed() {
    return new Precomputed();
  }

  /// Log-probabilities of answers, summed over the tokens that count, without gradients. `[rows]`
  abstract Tensor logps(CausalLm policy, AnswerBatch batch, BatchTensors input, int chunkTokens);

  @Override public void close() {}

  private static final class Beside extends Reference {
    private final CausalLm model;
    private final boolean owned;

    Beside(CausalLm model, boolean owned) {
      this.model = model;
      this.owned = owned;
    }

    @Override Tensor logps(CausalLm policy, AnswerBatch batch, BatchTensors input, int chunkTokens) {
      try (var _ = Grad.off()) {
        return batch.sums(batch.tokenLogps(model, input, Pass.EMPTY, chunkTokens));
      }
    }

    @Override public void close() {
      if (owned) {
        model.close();
      }
    }
  }

  private static final class AdapterOff extends Reference {
    @Override Tensor logps(CausalLm policy, AnswerBatch batch, BatchTensors input, int chunkTokens) {
      try (var _ = Grad.off()) {
        return batch.sums(batch.tokenLogps(policy, input, Pass.EMPTY.withAdapters(false), chunkTokens));
      }
    }
  }

  private static final class Precomputed extends Reference {
    @Override Tensor logps(CausalLm policy, AnswerBatch batch, BatchTensors input, int chunkTokens) {
      float[] known = batch.reference();
      if (known == null) {
        throw new IllegalArgumentException("a row has no log-probability under the reference: compute them with ReferenceScores, or train"
            + " with Reference.frozenCopyOf(policy)");
      }
      return Ops.of(known, policy.device(), known.length);
    }
  }
}
