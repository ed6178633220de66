package org.jtorch.align.policy;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.SequencedMap;
import org.jspecify.annotations.Nullable;
import org.jtorch.align.Share;
import org.jtorch.align.preference.Reference;
import org.jtorch.align.rollout.Prompt;
import org.jtorch.align.rollout.RewardSum;
import org.jtorch.align.rollout.Rollouts;
import org.jtorch.data.BatchSource;
import org.jtorch.data.Collator;
import org.jtorch.decoder.CausalLm;
import org.jtorch.loss.TokenLogProbs;
import org.jtorch.nn.Pass;
import org.jtorch.observe.StepListener;
import org.jtorch.optim.Optimizer;
import org.jtorch.tensor.GradTape;
import org.jtorch.tensor.Tensor;
import org.jtorch.tensor.ranks.Ranks;
import org.jtorch.train.CommonStart;
import org.jtorch.train.Hooks;
import org.jtorch.train.MicroBatches;
import org.jtorch.train.Progress;
import org.jtorch.train.SpikeGuard;
import org.jtorch.train.StepLoop;
import org.jtorch.train.StepLoss;
import org.jtorch.train.StepUpdate;
import org.jtorch.train.TrainOptions;

/// Policy optimisation without a critic: REINFORCE, RLOO, GRPO, mirror descent and AFM's MDLOO, which differ in their [Advantage] and their
/// [PolicyLoss] alone. The loop is [#fit]: answer, judge, learn, log, save, validate.
///
/// ```java
/// var options = PolicyTrainer.Options.of(rollouts, new LeaveOneOut(false), new MirrorDescent(1), collator, TrainOptions.of(500, 1e-6, schedule))
///     .withUpdates(Updates.of(2, 1));
/// new PolicyTrainer(policy, reference, adam, prompts, reward, options, Ranks.ALONE).fit(Progress.START, log, hooks);
/// ```
///
/// The reward of an answer is what [RewardSum] says, minus β times its estimated KL to the reference (arXiv:2402.14740, eq. 2). Losses are
/// divided by the answers or tokens of the whole mini-batch, so neither micro-batches nor ranks change a gradient. What a step does is a
/// function of the weights, the optimizer's state, the seed and the step.
public final class PolicyTrainer {
  /// @param kl β of the shaped reward
  /// @param estimator of the KL in the shaped reward; K1 is the papers'
  /// @param anchors further models that the policy stays near; not closed
  public record Options(Rollouts rollouts, Advantage advantage, PolicyLoss loss, KlCoefficient kl, KlEstimator estimator, Updates updates,
      List<Anchor> anchors, Bounds bounds, Collator collator, TrainOptions train) {
    public Options {
      anchors = List.copyOf(anchors);
      OnPolicy.require(rollouts, collator);
      if (rollouts.answers() < advantage.least()) {
        throw new IllegalArgumentException("`answers` is " + rollouts.answers() + " but " + advantage.getClass().getSimpleName()
            + " compares a prompt's answers, so it takes " + advantage.least() + " or more; 4 is usual");
      }
    }

    /// One update a step, β = 0.05, nothing else.
    public static Options of(Rollouts rollouts, Advantage advantage, PolicyLoss loss, Collator collator, TrainOptions train) {
      return new Options(rollouts, advantage, loss, KlCoefficient.fixed(0.05), KlEstimator.K1, Updates.ONE, List.of(), Bounds.NONE, collator, train);
    }

    public Options withKl(KlCoefficient beta) {
      return new Options(rollouts, advantage, loss, beta, estimator, updates, anchors, bounds, collator, train);
    }

    public Options withUpdates(Updates how) {
      return new Options(rollouts, advantage, loss, kl, estimator, how, anchors, bounds, collator, train);
    }

    public Options withAnchors(List<Anchor> near) {
      return new Options(rollouts, advantage, loss, kl, estimator, updates, near, bounds, collator, train);
    }

    public Options withBounds(Bounds limits) {
      return new Options(rollouts, advantage, loss, kl, estimator, updates, anchors, limits, collator, train);
    }
  }

  private final CausalLm policy;
  private final @Nullable Reference reference;
  private final Optimizer optimizer;
  private final BatchSource<List<Prompt>> prompts;
  private final RewardSum reward;
  private final Options options;
  private final Ranks ranks;
  private final SpikeGuard spikes;
  private final TokenLogProbs logProbs;

  /// @param reference null if nothing measures from one: β is 0 and the loss has none
  /// @param ranks the processes that share every batch
  public PolicyTrainer(CausalLm policy, @Nullable Reference reference, Optimizer optimizer, BatchSource<List<Prompt>> prompts, RewardSum reward,
      Options options, Ranks ranks) {
    OnPolicy.require(policy, prompts, options.collator, ranks);
    OnPolicy.requireReference(reference, options.kl.beta() > 0 || options.loss.measures());
    this.policy = policy;
    this.reference = reference;
    this.optimizer = optimizer;
    this.prompts = prompts;
    this.reward = reward;
    this.options = options;
    this.ranks = ranks;
    this.spikes = new SpikeGuard(options.train.spikes());
    this.logProbs = new TokenLogProbs(options.train.chunkTokens(), options.rollouts.sampling().sampling().temperature());
  }

  /// Trains from `from` to the last step, or until asked to stop.
  ///
  /// @throws org.jtorch.train.DivergedException outside of the bounds
  public StepLoop.Result fit(Progress from, StepListener log, Hooks hooks) {
    CommonStart.of(ranks, from, optimizer);
    var loop = new StepLoop(options.train, from, log, hooks, policy.device(), ranks);
    var update = new StepUpdate(optimizer, options.train, spikes, ranks);
    loop.evaluateIfDue();
    while (loop.goesOn()) {
      options.anchors.forEach(Anchor::renew);
      var experiences = experiences(loop.step());
      var figures = RolloutFigures.of(experiences, options.rollouts.answers(), reward);
      var learned = learn(lessons(experiences), loop.step(), update);
      options.kl.follow(figures.getOrDefault(RolloutFigures.KL, Double.NaN));
      figures.putAll(learned.loss().figures());
      loop.count(new StepLoss(learned.loss().loss(), learned.loss().tokens(), figures), learned.made());
      loop.saveIfDue();
      options.bounds.check(loop.step(), figures);
      loop.evaluateIfDue();
    }
    return loop.result();
  }

  /// Answers to the prompts of a step, judged.
  List<Experience> experiences(long step) {
    return collector().at(step, prompts.at(step));
  }

  private Collector collector() {
    int rows = Math.ceilDiv(prompts.batch() * options.rollouts.answers(), options.updates.miniBatches() * options.train.accumulate());
    return new Collector(policy, reference, null, options.rollouts, reward, options.collator, logProbs, rows,
        !options.updates.once() || options.updates.samplerCap() > 0, ranks);
  }

  /// The policy's answers to held-out prompts, as many to each as in a step, judged.
  public List<Experience> answers(List<Prompt> held) {
    return collector().held(held);
  }

  /// What such answers show: the [RolloutFigures].
  public SequencedMap<String, Double> figures(List<Experience> answers) {
    return answers.isEmpty() ? new LinkedHashMap<>() : RolloutFigures.of(answers, options.rollouts.answers(), reward);
  }

  /// The advantage of each answer, from its reward minus β times its KL to the reference.
  List<Lesson> lessons(List<Experience> experiences) {
    double beta = options.kl.beta();
    double[] shaped = experiences.stream().mapToDouble(e -> e.reward() - (beta == 0 ? 0 : beta * e.kl(options.estimator))).toArray();
    int k = options.rollouts.answers();
    var lessons = Lessons.of(experiences, options.advantage.of(shaped, k));
    double cap = options.updates.samplerCap();
    var corrected = cap == 0 ? lessons : lessons.stream().map(l -> l.corrected(cap)).toList();
    return options.updates.leaveOutAgreeing() ? Lessons.disputed(corrected, k) : corrected;
  }

  private Learned learn(List<Lesson> lessons, long step, StepUpdate update) {
    var loss = options.loss.at((double) step / options.train.steps());
    return Learned.from(lessons, step, options.rollouts.sampling().seed(), options.updates, update, (part, _) -> gradients(part, loss), this::follow);
  }

  private void follow() {
    if (reference != null) {
      reference.follow(policy);
    }
  }

  /// Adds the gradients of a mini-batch to the parameters', micro-batch by micro-batch; of several ranks each adds those of its own answers.
  StepLoss gradients(List<Lesson> part, PolicyLoss loss) {
    long tokens = part.stream().mapToLong(l -> l.experience().length()).sum();
    var totals = new Totals(part.size(), tokens);
    var figures = new LinkedHashMap<String, Double>();
    int size = Math.ceilDiv(part.size(), options.train.accumulate());
    double sum = MicroBatches.sum(Share.parts(Share.of(part, ranks), size), optimizer, micro -> backward(micro, loss, totals, figures));
    Double gap = figures.remove(RolloutFigures.SAMPLER_GAP);                                      // the largest, not a sum
    var all = new StepLoss(sum, tokens, figures).sum(ranks);
    if (options.updates.once()) {
      var with = new LinkedHashMap<>(all.figures());
      with.put(RolloutFigures.SAMPLER_GAP, ranks.max(gap == null ? 0 : gap)[0]);
      return new StepLoss(all.loss(), tokens, with);
    }
    return all;
  }

  private double backward(List<Lesson> micro, PolicyLoss loss, Totals totals, SequencedMap<String, Double> figures) {
    try (var tape = GradTape.open()) {
      var batch = LessonBatch.of(micro, options.collator, policy.branches());
      var input = batch.input(policy.device());
      var near = options.anchors.stream().map(anchor -> anchor.known(input)).toList();
      Pass pass = Pass.training(tape).withCheckpoint(options.train.activationCheckpointing());
      Tensor hidden = policy.hidden(input.tokens(), input.on(pass), null);                       // [rows, T, C]
      Tensor logps = logProbs.of(policy, hidden, batch.layout().rows().targets(), tape);         // [rows * T]
      var scores = batch.scores(logps, options.updates.once());
      Tensor total = loss.loss(scores, totals);
      scores.report(loss, totals, figures);
      if (options.updates.once()) {
        figures.merge(RolloutFigures.SAMPLER_GAP, batch.samplerGap(scores), Math::max);
      }
      double value = total.detach().item();
      tape.arrive(total);
      for (int i = 0; i < near.size(); i++) {
        value += options.anchors.get(i).arrive(near.get(i), policy, hidden, batch.tokens(totals), logProbs, tape);
      }
      tape.backward();
      return value;
    }
  }

  /// The spike guard's memory, for checkpoints.
  public SpikeGuard spikes() {
    return spikes;
  }
}
