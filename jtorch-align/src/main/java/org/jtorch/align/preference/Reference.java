package org.jtorch.align.preference;

import org.jtorch.data.Batch;
import org.jtorch.decoder.CausalLm;
import org.jtorch.decoder.Decoder;
import org.jtorch.loss.TokenLogProbs;
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
  Tensor logps(CausalLm policy, AnswerBatch batch, BatchTensors input, int chunkTokens) {
    return batch.sums(tokenLogps(policy, batch.rows(), input, new TokenLogProbs(chunkTokens)));
  }

  /// The log-probability of each token that rows have as a target, 0 elsewhere, without gradients. `[rows, T]`
  ///
  /// @param policy asked by [#adapterOff]
  /// @throws IllegalArgumentException for [#precomputed], which knows sums only
  public abstract Tensor tokenLogps(CausalLm policy, Batch rows, BatchTensors input, TokenLogProbs how);

  /// The policy has made a step: what averages over its weights does so. Nothing else moves.
  public void follow(CausalLm policy) {}

  private static Tensor logpsOf(CausalLm model, Pass pass, Batch rows, BatchTensors input, TokenLogProbs how) {
    try (var _ = Grad.off()) {
      Tensor hidden = model.hidden(input.tokens(), input.on(pass), null);
      return how.of(model, hidden, rows.targets(), null).view(rows.rows(), rows.seqLen());
    }
  }

  @Override public void close() {}

  private static final class Beside extends Reference {
    private final CausalLm model;
    private final boolean owned;

    Beside(CausalLm model, boolean owned) {
      this.model = model;
      this.owned = owned;
    }

    @Override public Tensor tokenLogps(CausalLm policy, Batch rows, BatchTensors input, TokenLogProbs how) {
      return logpsOf(model, Pass.EMPTY, rows, input, how);
    }

    @Override public void close() {
      if (owned) {
        model.close();
      }
    }
  }

  private static final class AdapterOff extends Reference {
    @Override public Tensor tokenLogps(CausalLm policy, Batch rows, BatchTensors input, TokenLogProbs how) {
      return logpsOf(policy, Pass.EMPTY.withAdapters(false), rows, input, how);
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

    @Override public Tensor tokenLogps(CausalLm policy, Batch rows, BatchTensors input, TokenLogProbs how) {
      throw new IllegalArgumentException("a precomputed reference knows the sums of the answers that it has seen; policies that answer"
          + " themselves need Reference.frozenCopyOf(policy) or Reference.adapterOff()");
    }
  }
}
