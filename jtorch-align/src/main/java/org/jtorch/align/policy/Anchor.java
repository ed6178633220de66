package org.jtorch.align.policy;

import com.google.errorprone.annotations.MustBeClosed;
import org.jspecify.annotations.Nullable;
import org.jtorch.decoder.CausalLm;
import org.jtorch.decoder.Decoder;
import org.jtorch.loss.ChunkedLoss;
import org.jtorch.loss.Distillation;
import org.jtorch.loss.Divergence;
import org.jtorch.loss.Teacher;
import org.jtorch.loss.TokenLogProbs;
import org.jtorch.loss.Tokens;
import org.jtorch.nn.Pass;
import org.jtorch.tensor.Grad;
import org.jtorch.tensor.GradTape;
import org.jtorch.tensor.Tensor;
import org.jtorch.train.BatchTensors;

/// A model that a policy stays near, measured over the whole vocabulary at every token of its answers: `weight · Σ_t KL(π(·|s_t)‖q(·|s_t))`,
/// the mean over answers. It needs no sample of the KL; the prefixes are the sampled ones. Close it after the training.
public final class Anchor implements AutoCloseable {
  private final CausalLm model;
  private final double weight;
  private final @Nullable Previous copy;
  private final boolean renewed;

  private Anchor(CausalLm model, double weight, @Nullable Previous copy, boolean renewed) {
    if (!(weight > 0 && weight < Double.POSITIVE_INFINITY)) {
      throw new IllegalArgumentException("the weight of an anchor must be > 0 but was " + weight + "; 0.05 is usual");
    }
    this.model = model;
    this.weight = weight;
    this.copy = copy;
    this.renewed = renewed;
  }

  /// A model that stays as it is, and which its maker closes.
  public static Anchor fixed(CausalLm model, double weight) {
    return new Anchor(model, weight, null, false);
  }

  /// The policy that gave the answers: a copy that is renewed at the beginning of each step.
  ///
  /// @param weight γ of mirror descent
  @MustBeClosed
  @SuppressWarnings("MustBeClosedChecker")                       // the anchor closes its copy
  public static Anchor previous(Decoder policy, double weight) {
    var copy = Previous.of(policy);
    return new Anchor(copy.model(), weight, copy, true);
  }

  /// The policy as it is now: a copy that stays.
  @MustBeClosed
  @SuppressWarnings("MustBeClosedChecker")                       // the anchor closes its copy
  public static Anchor first(Decoder policy, double weight) {
    var copy = Previous.of(policy);
    return new Anchor(copy.model(), weight, copy, false);
  }

  /// A step begins.
  void renew() {
    if (copy != null && renewed) {
      copy.renew();
    }
  }

  /// What it says of some rows, to be computed before the policy's own forward. `[n, T, C]`
  Tensor known(BatchTensors input) {
    try (var _ = Grad.off()) {
      return model.hidden(input.tokens(), input.on(Pass.EMPTY), null);
    }
  }

  /// The share of these answers in the mini-batch's mean; its gradient arrives on the tape.
  ///
  /// @param known what it said
  /// @param hidden the policy's, on `tape`, `[n, T, C]`
  /// @param how at the policy's temperature
  double arrive(Tensor known, CausalLm policy, Tensor hidden, Tokens answers, TokenLogProbs how, GradTape tape) {
    var divergence = new Distillation(Teacher.of(model, known), new Divergence.ReverseKl(), how.temperature(), 1);
    double scale = weight * answers.scale();
    return scale * new ChunkedLoss(divergence, how.chunkTokens()).arrive(policy, hidden, answers.withScale(scale), tape);
  }

  @Override public void close() {
    if (copy != null) {
      copy.close();
    }
  }
}
