package org.jtorch.align.preference;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.SequencedMap;
import org.jtorch.align.Share;
import org.jtorch.align.rollout.Prompt;
import org.jtorch.align.rollout.RewardSum;
import org.jtorch.align.rollout.Rollouts;
import org.jtorch.data.BatchSource;
import org.jtorch.decoder.CausalLm;
import org.jtorch.observe.StepListener;
import org.jtorch.optim.Optimizer;
import org.jtorch.tensor.ranks.Ranks;
import org.jtorch.train.CommonStart;
import org.jtorch.train.Hooks;
import org.jtorch.train.Progress;
import org.jtorch.train.SpikeGuard;
import org.jtorch.train.StepLoop;
import org.jtorch.train.StepLoss;
import org.jtorch.train.StepUpdate;

/// Online DPO, the second stage of Qwen 2's alignment (arXiv:2407.10671, section 4.3): at every step the policy gives several answers to each
/// prompt, a reward judges them, and the policy takes one step of DPO, or of any [PreferenceLoss], on the best against the worst. The loop
/// is [#fit]: answers, rewards, pairs, gradients, update.
///
/// ```java
/// var rollouts = new Rollouts(8, sampling, tokens -> tokenizer.decode(tokens, true));
/// var options = new OnlineDpoTrainer.Options(DpoTrainer.Options.of(new Dpo(0.1), collator, train), rollouts, BestAgainstWorst.ANY);
/// var judge = RewardSum.of("brevity", answers -> answers.stream().mapToDouble(a -> -a.length()).toArray());
/// new OnlineDpoTrainer(policy, reference, optimizer, prompts, judge, options, Ranks.ALONE).fit(Progress.START, log, hooks);
/// ```
///
/// A prompt whose answers make no pair is counted and left out; a batch without pairs is a step that changes nothing. What the policy says
/// is a function of its weights, the seed, the step and the prompt's place in the batch: a run that goes on from a checkpoint comes to the
/// same bits, and several processes, which divide the prompts, come to the same answers as one, up to rounding.
public final class OnlineDpoTrainer {
  /// Among a step's figures: the share of its prompts that made a pair.
  public static final String PAIRS = "pairs";
  private static final long HELD_OUT = 1L << 60;                                         // numbers of answers that no step draws

  /// @param dpo loss, layout of rows and loop; its batch is of prompts
  /// @param rollouts how the policy answers; two answers to a prompt at least
  /// @param choice of the pair
  public record Options(DpoTrainer.Options dpo, Rollouts rollouts, BestAgainstWorst choice) {
    public Options {
      if (rollouts.answers() < 2) {
        throw new IllegalArgumentException("`answers` must be >= 2 but was " + rollouts.answers()
            + ": a pair is the best of them against the worst; 8 are usual");
      }
    }
  }

  private final CausalLm policy;
  private final Reference reference;
  private final Optimizer optimizer;
  private final BatchSource<List<Prompt>> prompts;
  private final RewardSum reward;
  private final Options options;
  private final Ranks ranks;
  private final SpikeGuard spikes;

  /// @param reference fixed, or one that follows the policy; not asked by a loss without one, and not closed
  /// @param ranks the processes that share the prompts of every batch
  public OnlineDpoTrainer(CausalLm policy, Reference reference, Optimizer optimizer, BatchSource<List<Prompt>> prompts, RewardSum reward,
      Options options, Ranks ranks) {
    Share.require(prompts.batch(), options.dpo.train().accumulate(), ranks, "prompts");
    if (!policy.fits(options.dpo.collator().maxLength())) {
      throw new IllegalArgumentException("rows have up to " + options.dpo.collator().maxLength() + " tokens but the model allows "
          + policy.maxPositions() + " (`max_position_embeddings`)");
    }
    this.policy = policy;
    this.reference = reference;
    this.optimizer = optimizer;
    this.prompts = prompts;
    this.reward = reward;
    this.options = options;
    this.ranks = ranks;
    this.spikes = new SpikeGuard(options.dpo.train().spikes());
  }

  /// Trains from `from` to the last step, or until asked to stop.
  public StepLoop.Result fit(Progress from, StepListener log, Hooks hooks) {
    CommonStart.of(ranks, from, optimizer);
    var loop = new StepLoop(options.dpo.train(), from, log, hooks, policy.device(), ranks);
    var update = new StepUpdate(optimizer, options.dpo.train(), spikes, ranks);
    loop.evaluateIfDue();
    while (loop.goesOn()) {
      Round round = round(prompts.at(loop.step()), loop.step());
      StepLoss loss = gradients(round);
      loop.count(loss, update.make(loop.step(), loss.loss()));
      reference.follow(policy);
      loop.saveIfDue();
      loop.evaluateIfDue();
    }
    return loop.result();
  }

  /// What this process' prompts of a step came to.
  ///
  /// @param pairs of them, at most one for each
  /// @param figures of all processes' answers
  record Round(List<PreferencePair> pairs, SequencedMap<String, Double> figures) {}

  /// The policy answers this process' share of the prompts, the reward judges, and the best answers stand against the worst.
  Round round(List<Prompt> batch, long step) {
    int k = options.rollouts.answers();
    var mine = Share.of(batch, ranks);
    long before = (long) batch.size() * ranks.rank() / ranks.size();
    var answers = JudgedAnswers.of(options.rollouts.sample(policy, mine, (step * batch.size() + before) * k), k, reward);
    var pairs = new ArrayList<PreferencePair>();
    for (int i = 0; i < mine.size(); i++) {
      options.choice.of(answers.to(i), answers.rewards(i)).ifPresent(pairs::add);
    }
    return new Round(pairs, answers.figures(ranks));
  }

  /// Adds the gradients of the pairs to the parameters', micro-batch by micro-batch, divided by the pairs of all processes.
  StepLoss gradients(Round round) {
    double[] totals = ranks.sum(PairGradients.Scale.totals(round.pairs));
    var scale = PairGradients.Scale.of(totals[0], totals[1], totals[2]);
    var figures = new LinkedHashMap<String, Double>();
    DpoTrainer.FIGURES.forEach(name -> figures.put(name, 0.0));                          // the same on every rank, pairs or not
    int size = Math.ceilDiv(prompts.batch(), options.dpo.train().accumulate());
    double mine = new PairGradients(policy, reference, options.dpo).add(round.pairs, size, scale, optimizer, figures);
    var loss = new StepLoss(mine, scale.tokens(), figures).sum(ranks);
    var all = new LinkedHashMap<>(round.figures);
    all.put(PAIRS, totals[0] / prompts.batch());
    all.putAll(loss.figures());
    return new StepLoss(loss.loss(), loss.tokens(), all);
  }

  /// How the policy's answers to held-out prompts are judged, as many to each as in a step. Every process answers all of them.
  public SequencedMap<String, Double> score(List<Prompt> held) {
    int k = options.rollouts.answers();
    return JudgedAnswers.of(options.rollouts.sample(policy, held, HELD_OUT), k, reward).figures(Ranks.ALONE);
  }

  /// The spike guard's memory, for checkpoints.
  public SpikeGuard spikes() {
    return spikes;
  }
}
