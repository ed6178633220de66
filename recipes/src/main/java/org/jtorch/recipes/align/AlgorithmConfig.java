package org.jtorch.recipes.align;

import org.jtorch.align.policy.Advantage;
import org.jtorch.align.policy.Averaging;
import org.jtorch.align.policy.BatchMean;
import org.jtorch.align.policy.BestOf;
import org.jtorch.align.policy.ClippedAnswers;
import org.jtorch.align.policy.ClippedTokens;
import org.jtorch.align.policy.Gae;
import org.jtorch.align.policy.GroupMean;
import org.jtorch.align.policy.LeaveOneOut;
import org.jtorch.align.policy.MirrorDescent;
import org.jtorch.align.policy.MirrorDescentTokens;
import org.jtorch.align.policy.PolicyGradient;
import org.jtorch.align.policy.PolicyLoss;
import org.jtorch.align.policy.ValueLoss;
import org.jtorch.recipes.config.Default;
import org.jtorch.recipes.config.DefaultType;
import org.jtorch.recipes.config.Doc;
import org.jtorch.recipes.config.Named;

/// How a policy learns from what it said; AFM's MDLOO where a recipe names no type.
@DefaultType("mdloo")
public sealed interface AlgorithmConfig {
  /// What the loss is.
  ///
  /// @param once whether a step makes one update
  /// @param newTokens of an answer, at most
  /// @param beta of k3 in the loss; only GRPO has it
  PolicyLoss loss(boolean once, int newTokens, double beta);

  /// Whether k3 of the reference may be part of the loss.
  default boolean takesKlInLoss() {
    return false;
  }

  /// Fails for a KL that does not go with it.
  default void require(KlConfig kl) {
    if (kl instanceof KlConfig.InLoss && !takesKlInLoss()) {
      throw new IllegalArgumentException("`kl: {type: loss}` is GRPO's, which puts it into its own loss; use `algorithm: {type: grpo}`, or"
          + " `kl: {type: reward}`");
    }
    if (kl instanceof KlConfig.InFull && this instanceof Judging) {
      throw new IllegalArgumentException("`kl: {type: full}` goes with algorithms without a critic; use `kl: {type: reward}` or `{type: adaptive}`");
    }
  }

  /// Fails for answers that it can make nothing of.
  default void require(AnsweringRecipe recipe) {
    if (this instanceof Comparing comparing) {
      recipe.requireAnswers(comparing.advantage().least(), "this algorithm compares a prompt's answers");
    } else {
      recipe.requireAnswers(1, "there must be one to learn from");
    }
  }

  /// One that compares answers with each other: no critic.
  sealed interface Comparing extends AlgorithmConfig {
    Advantage advantage();

    /// γ of the whole divergence from the policy that answered; 0 for none.
    default double trust() {
      return 0;
    }
  }

  /// One with a critic.
  sealed interface Judging extends AlgorithmConfig {
    Gae gae();

    CriticConfig critic();

    ValueLoss valueLoss();

    double valueWeight();

    boolean whiten();
  }

  /// REINFORCE: the lead over the batch's other answers (arXiv:2402.14740, section 3.2).
  @Named("reinforce")
  record Reinforce() implements Comparing {
    @Override public Advantage advantage() {
      return new BatchMean();
    }

    @Override public PolicyLoss loss(boolean once, int newTokens, double beta) {
      return new PolicyGradient();
    }
  }

  /// RLOO: the lead over the prompt's other answers (arXiv:2402.14740, section 3.3); clipped where a step makes several updates, as TRL does.
  @Named("rloo")
  record Rloo(@Doc("advantages at deviation 1 over the batch") @Default("false") boolean normalize,
      @Doc("how far below 1 a ratio counts") @Default("0.2") double clipLow, @Doc("and how far above") @Default("0.2") double clipHigh)
      implements Comparing {
    public Rloo {
      var _ = new ClippedAnswers(clipLow, clipHigh);
    }

    @Override public Advantage advantage() {
      return new LeaveOneOut(normalize);
    }

    @Override public PolicyLoss loss(boolean once, int newTokens, double beta) {
      return once ? new PolicyGradient() : new ClippedAnswers(clipLow, clipHigh);
    }
  }

  /// RAFT: imitate the best of the prompt's answers (arXiv:2304.06767).
  @Named("raft")
  record Raft() implements Comparing {
    @Override public Advantage advantage() {
      return new BestOf();
    }

    @Override public PolicyLoss loss(boolean once, int newTokens, double beta) {
      return new PolicyGradient();
    }
  }

  /// How GRPO's losses of tokens become one number.
  enum Mean { PER_ANSWER, PER_TOKEN, PER_LONGEST }

  /// GRPO (arXiv:2402.03300); with scale: none and mean: per_longest Dr. GRPO (arXiv:2503.20783), with mean: per_token and a wider clip_high DAPO.
  @Named("grpo")
  record Grpo(@Doc("what a lead is divided by: group (the deviation of the prompt's answers), batch or none") @Default("group") GroupMean.Scale scale,
      @Doc("of losses: per_answer, per_token or per_longest") @Default("per_answer") Mean mean,
      @Doc("how far below 1 a ratio counts") @Default("0.2") double clipLow, @Doc("and how far above; 0.28 in DAPO") @Default("0.2") double clipHigh)
      implements Comparing {
    public Grpo {
      var _ = new ClippedAnswers(clipLow, clipHigh);
    }

    @Override public Advantage advantage() {
      return new GroupMean(scale);
    }

    @Override public boolean takesKlInLoss() {
      return true;
    }

    @Override public PolicyLoss loss(boolean once, int newTokens, double beta) {
      Averaging averaging = switch (mean) {
        case PER_ANSWER -> new Averaging.PerAnswer();
        case PER_TOKEN -> new Averaging.PerToken();
        case PER_LONGEST -> new Averaging.PerLongest(newTokens);
      };
      return new ClippedTokens(clipLow, clipHigh, averaging, beta);
    }
  }

  /// How the way from the policy that answered is measured.
  enum Way { K1, K3, FULL }

  /// AFM's MDLOO (arXiv:2407.21075, section 4.2.2): the lead over the prompt's other answers, and a price for going away from the policy that
  /// answered.
  @Named("mdloo")
  record Mdloo(@Doc("gamma, the price of a nat of an answer; 1 is usual, 0.1 to 10 are worth a try") @Default("1") double gamma,
      @Doc("k3 (unbiased, low variance), k1 or full (over the whole vocabulary, a copy of the policy more)") @Default("k3") Way way,
      @Doc("let 1/gamma fall to 0 over the run") @Default("false") boolean annealed) implements Comparing {
    public Mdloo {
      var _ = new MirrorDescent(gamma);
      if (way == Way.FULL && (annealed || gamma == 0)) {
        throw new IllegalArgumentException("`way: full` takes one `gamma` above 0 for the whole run; leave `annealed` out, or use k3");
      }
    }

    @Override public Advantage advantage() {
      return new LeaveOneOut(false);
    }

    @Override public double trust() {
      return way == Way.FULL ? gamma : 0;
    }

    @Override public PolicyLoss loss(boolean once, int newTokens, double beta) {
      return way == Way.FULL ? new MirrorDescent(0, MirrorDescent.Way.NONE, false)
          : new MirrorDescent(gamma, MirrorDescent.Way.valueOf(way.name()), annealed);
    }
  }

  /// PPO (arXiv:1707.06347) as InstructGPT has it (arXiv:2203.02155).
  @Named("ppo")
  record Ppo(@Doc("how far from 1 a ratio counts") @Default("0.2") double clip, @Doc("how far a value may move") @Default("0.2") double valueClip,
      @Doc("what the critic's loss is multiplied by") @Default("0.1") double valueWeight, @Doc("of generalized advantages") @Default("0.95") double lambda,
      @Doc("advantages at mean 0 and deviation 1") @Default("true") boolean whiten, @Default("{}") CriticConfig critic) implements Judging {
    public Ppo {
      var _ = ClippedTokens.ppo(clip);
      var _ = new ValueLoss(valueClip);
      var _ = new Gae(1, lambda);
    }

    @Override public Gae gae() {
      return new Gae(1, lambda);
    }

    @Override public ValueLoss valueLoss() {
      return new ValueLoss(valueClip);
    }

    @Override public PolicyLoss loss(boolean once, int newTokens, double beta) {
      return ClippedTokens.ppo(clip);
    }
  }

  /// Mirror descent with a critic, a token as an action (MDPO, arXiv:2005.09814).
  @Named("mdpo")
  record Mdpo(@Doc("gamma, the price of a nat of a token") @Default("1") double gamma, @Doc("let 1/gamma fall to 0 over the run") @Default("true") boolean annealed,
      @Doc("how far a value may move") @Default("0.2") double valueClip, @Doc("what the critic's loss is multiplied by") @Default("0.1") double valueWeight,
      @Doc("of generalized advantages") @Default("0.98") double lambda, @Doc("advantages at mean 0 and deviation 1") @Default("true") boolean whiten,
      @Default("{}") CriticConfig critic) implements Judging {
    public Mdpo {
      var _ = new MirrorDescentTokens(gamma, annealed);
      var _ = new ValueLoss(valueClip);
      var _ = new Gae(1, lambda);
    }

    @Override public Gae gae() {
      return new Gae(1, lambda);
    }

    @Override public ValueLoss valueLoss() {
      return new ValueLoss(valueClip);
    }

    @Override public PolicyLoss loss(boolean once, int newTokens, double beta) {
      return new MirrorDescentTokens(gamma, annealed);
    }
  }
}
