package org.jtorch.align.preference;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.SequencedMap;
import org.jtorch.align.PolicyCopy;
import org.jtorch.data.Batch;
import org.jtorch.decoder.CausalLm;
import org.jtorch.decoder.Decoder;
import org.jtorch.io.JsonFile;
import org.jtorch.loss.TokenLogProbs;
import org.jtorch.nn.Pass;
import org.jtorch.nn.Weight;
import org.jtorch.optim.Ema;
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
    return new Beside(PolicyCopy.of(policy), true);
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

  /// Log-probabilities of answers, summed over the tokens that count, without gradients. `[rows]`
  Tensor logps(CausalLm policy, ScoredAnswers batch, BatchTensors input, int chunkTokens) {
    try (var _ = Grad.off()) {
      return batch.sums(tokenLogps(policy, batch.rows(), input, new TokenLogProbs(chunkTokens)));
    }
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
      return ScoredAnswers.tokenLogps(model, rows, input, pass, how);
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

  /// A copy that follows the policy, see [Reference#following]. What it holds is to be saved with a run: [#saved].
  public static final class Following extends Reference {
    private final Decoder copy;
    private final Ema average;
    private final long every;
    private long steps;

    @SuppressWarnings("MustBeClosedChecker")                     // close() closes it
    private Following(Decoder policy, double mu, long every) {
      if (!(mu >= 0 && mu <= 1)) {
        throw new IllegalArgumentException("`mu` must be in [0, 1] but was " + mu + "; 0.6 every 512 steps is TR-DPO's, 0.01 every step WARP's");
      }
      if (every < 1) {
        throw new IllegalArgumentException("`every` must be >= 1 but was " + every + "; 512 is TR-DPO's, 1 WARP's");
      }
      this.copy = PolicyCopy.of(policy);
      this.average = Ema.of(policy.parameters(), 1 - mu);
      this.every = every;
    }

    @Override public void follow(CausalLm policy) {
      steps++;
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

        @Override public ObjectNode facts() {
          return averages.facts().put("steps", steps);
        }

        @Override public void restore(JsonFile facts) {
          steps = facts.requiredLong("steps");
          publish();
        }
      };
    }

    @Override public Tensor tokenLogps(CausalLm policy, Batch rows, BatchTensors input, TokenLogProbs how) {
      return logpsOf(copy, Pass.EMPTY, rows, input, how);
    }

    @Override public void close() {
      average.close();
      copy.close();
    }
  }

  private static final class AdapterOff extends Reference {
    @Override public Tensor tokenLogps(CausalLm policy, Batch rows, BatchTensors input, TokenLogProbs how) {
      return logpsOf(policy, Pass.EMPTY.withAdapters(false), rows, input, how);
    }
  }

  private static final class Precomputed extends Reference {
    @Override Tensor logps(CausalLm policy, ScoredAnswers batch, BatchTensors input, int chunkTokens) {
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
