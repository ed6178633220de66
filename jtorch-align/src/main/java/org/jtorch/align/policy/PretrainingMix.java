package org.jtorch.align.policy;

import org.jtorch.data.Batch;
import org.jtorch.data.BatchSource;
import org.jtorch.decoder.CausalLm;
import org.jtorch.loss.ChunkedLoss;
import org.jtorch.loss.CrossEntropy;
import org.jtorch.loss.Tokens;
import org.jtorch.nn.Pass;
import org.jtorch.tensor.GradTape;
import org.jtorch.tensor.ranks.Ranks;
import org.jtorch.train.BatchTensors;

/// Text of the pretraining that is learned along, so that a policy does not forget it: PPO-ptx (arXiv:2203.02155, eq. 2).
///
/// @param weight γ of the likelihood; 27.8 in the paper, by tokens of the policy's batch
public record PretrainingMix(BatchSource<Batch> batches, double weight) {
  public PretrainingMix {
    if (!(weight > 0 && weight < Double.POSITIVE_INFINITY)) {
      throw new IllegalArgumentException("the weight of the pretraining text must be > 0 but was " + weight + "; 27.8 is InstructGPT's");
    }
  }

  /// Adds the gradients of a batch; of several ranks each adds those of its own rows.
  ///
  /// @param update counts over the run
  /// @return this rank's share of `weight · (mean negative log-likelihood)`
  double backward(CausalLm policy, long update, Ranks ranks, int chunkTokens) {
    Batch all = batches.at(update);
    double scale = weight / Math.max(1, all.trainedTokens());
    Batch mine = all.share(ranks.rank(), ranks.size());
    if (mine.rows() == 0 || mine.trainedTokens() == 0) {
      return 0;
    }
    try (var tape = GradTape.open()) {
      var input = BatchTensors.of(mine, policy.device());
      var hidden = policy.hidden(input.tokens(), input.on(Pass.training(tape)), null);
      return scale * new ChunkedLoss(CrossEntropy.PLAIN, chunkTokens).backward(policy, hidden, Tokens.of(mine.targets()).withScale(scale), tape);
    }
  }
}
