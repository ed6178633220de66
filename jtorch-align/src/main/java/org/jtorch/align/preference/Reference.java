package org.jtorch.align.preference;

import com.google.errorprone.annotations.MustBeClosed;
import java.util.SequencedMap;
import org.jtorch.data.Batch;
import org.jtorch.decoder.CausalLm;
import org.jtorch.decoder.Decoder;
import org.jtorch.io.JsonFile;
import org.jtorch.nn.Parameter;
import org.jtorch.nn.Pass;
import org.jtorch.nn.Weight;
import org.jtorch.optim.Ema;
import org.jtorch.tensor.DType;
import org.jtorch.tensor.Grad;
import org.jtorch.tensor.Ops;
import org.jtorch.tensor.Tensor;
import org.jtorch.train.BatchTensors;
import org.jtorch.train.Saved;

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
    return new Beside(copied(policy), true);
  }

  @MustBeClosed
  @SuppressWarnings("MustBeClosedChecker")                       // ownership passes to the caller
  private static Decoder copied(Decoder policy) {
    var copy = new Decoder(policy.config());
    var from = policy.parameters().iterator();
    DType type = policy.dtype();
    try (var _ = Grad.off()) {
      copy.allocate((p, _) -> copyOf(from.next(), p, type));
    }
    return copy;
  }

  private static Tensor copyOf(Parameter from, Parameter to, DType type) {
    var _ = to.typeIn(type);
    return from.tensor().detach().copy();
  }

  /// A copy that follows the policy: `θ_ref ← (1 − μ) θ_ref + μ θ` after every `every`-th step, in float32 whatever the model is in.
  /// TR-DPO's soft update (arXiv:2404.09656) with μ = 0.6 every 512 steps as TRL has it, WARP's anchor (arXiv:2406.16768, section 3.1) with
  /// μ = 0.01 every step. With μ = 1 it is the policy, with μ = 0 the copy of the beginning.
  public static Following following(Decoder policy, double mu, long every) {
    return new Following(policy, mu, every);
  }

  /// The policy itself with its adapter switched off: no second model.
  public static Reference adapterOff() {
    return new AdapterOff();
  }

  /// What the rows bring along: see [PairShards] and [ReferenceScores]. No reference runs.
  public static Reference precomputed() {
    return new Precomputed();
  }

  /// Log-probabilities of a batch's targets, without gradients; 0 where there is none. `[rows, T]`
  ///
  /// @param chunkTokens tokens whose logits are in memory at once, 0 for automatic
  public abstract Tensor tokenLogps(CausalLm policy, Batch rows, BatchTensors input, int chunkTokens);

  /// Log-probabilities of answers, summed over the tokens that count, without gradients. `[rows]`
  Tensor logps(CausalLm policy, ScoredAnswers batch, BatchTensors input, int chunkTokens) {
    try (var _ = Grad.off()) {
      return batch.sums(tokenLogps(policy, batch.rows(), input, chunkTokens));
    }
  }

  /// Follows the policy, if it is one that does. A trainer calls it after each step.
  ///
  /// @param steps made so far
  public void stepped(long steps) {}

  @Override public void close() {}

  private static final class Beside extends Reference {
    private final CausalLm model;
    private final boolean owned;

    Beside(CausalLm model, boolean owned) {
      this.model = model;
      this.owned = owned;
    }

    @Override public Tensor tokenLogps(CausalLm policy, Batch rows, BatchTensors input, int chunkTokens) {
      try (var _ = Grad.off()) {
        return ScoredAnswers.tokenLogps(model, rows, input, Pass.EMPTY, chunkTokens);
      }
    }

    @Override public void close() {
      if (owned) {
        model.close();
      }
    }
  }

  /// A copy that follows the policy, see [Reference#following]. What it holds is to be saved with a run: [#saved].
  public static final class Following extends Reference {
    private final Decoder copy;
    private final Ema average;
    private final long every;

    @SuppressWarnings("MustBeClosedChecker")                     // close() closes it
    private Following(Decoder policy, double mu, long every) {
      if (!(mu >= 0 && mu <= 1)) {
        throw new IllegalArgumentException("`mu` must be in [0, 1] but was " + mu + "; 0.6 every 512 steps is TR-DPO's, 0.01 every step WARP's");
      }
      if (every < 1) {
        throw new IllegalArgumentException("`every` must be >= 1 but was " + every + "; 512 is TR-DPO's, 1 WARP's");
      }
      this.copy = copied(policy);
      this.average = Ema.of(policy.parameters(), 1 - mu);
      this.every = every;
    }

    @Override public void stepped(long steps) {
      if (steps % every == 0) {
        average.update();
        publish();
      }
    }

    private void publish() {
      try (var _ = Grad.off()) {
        for (int i = 0; i < copy.parameters().size(); i++) {
          copy.parameters().get(i).tensor().copyInPlace(average.averages().get(i));
        }
      }
    }

    /// Its weights, for checkpoints: under the names of the policy's.
    public Saved saved(SequencedMap<String, Weight> weights) {
      var averages = Saved.of(average, weights);
      return new Saved() {
        @Override public SequencedMap<String, Tensor> tensors() {
          return averages.tensors();
        }

        @Override public void restore(JsonFile facts) {
          publish();
        }
      };
    }

    @Override public Tensor tokenLogps(CausalLm policy, Batch rows, BatchTensors input, int chunkTokens) {
      try (var _ = Grad.off()) {
        return ScoredAnswers.tokenLogps(copy, rows, input, Pass.EMPTY, chunkTokens);
      }
    }

    @Override public void close() {
      average.close();
      copy.close();
    }
  }

  private static final class AdapterOff extends Reference {
    @Override public Tensor tokenLogps(CausalLm policy, Batch rows, BatchTensors input, int chunkTokens) {
      try (var _ = Grad.off()) {
        return ScoredAnswers.tokenLogps(policy, rows, input, Pass.EMPTY.withAdapters(false), chunkTokens);
      }
    }
  }

  private static final class Precomputed extends Reference {
    @Override public Tensor tokenLogps(CausalLm policy, Batch rows, BatchTensors input, int chunkTokens) {
      throw new IllegalArgumentException("what is computed ahead are sums over the answers of a data set, and here are new ones; train with"
          + " Reference.frozenCopyOf(policy)");
    }

    @Override Tensor logps(CausalLm policy, ScoredAnswers batch, BatchTensors input, int chunkTokens) {
      float[] known = batch.reference();
      if (known == null) {
        throw new IllegalArgumentException("a row has no log-probability under the reference: compute them with ReferenceScores, or train"
            + " with Reference.frozenCopyOf(policy)");
      }
      return Ops.of(known, policy.device(), known.length);
    }
  }
}
