package org.jtorch.align.policy;

import java.util.ArrayList;
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

/// Policy optimisation with a critic, a token as an action: PPO (arXiv:1707.06347, as arXiv:2203.02155 applies it to language) with
/// [ClippedTokens], MDPO (arXiv:2005.09814) with [MirrorDescentTokens]. The loop is [#fit]: answer, judge, learn, log, save, validate.
///
/// ```java
/// try (var critic = Classifiers.load(rewardModel, device, dtype);
///      var adam = AdamW.over(Stream.concat(policy.parameters().stream(), critic.parameters().stream()).toList(), 0, AdamW.Options.DEFAULT)) {
///   var options = PpoTrainer.Options.of(rollouts, collator, TrainOptions.of(500, 1e-6, schedule));
///   new PpoTrainer(policy, new Critic.Own(critic), reference, adam, prompts, reward, options).fit(Progress.START, log, hooks);
/// }
/// ```
///
/// A token's reward is −β times its share of the KL to the reference, the last token's also what [RewardSum] says ([TokenRewards]); advantages
/// are [Gae]'s. Losses are divided by the tokens of the whole mini-batch, so neither micro-batches nor ranks change a gradient.
public final class PpoTrainer {
  /// Among a step's figures: the critic's loss, and the share of tokens whose value its clip holds.
  public static final String VALUE_LOSS = "value_loss";
  public static final String VALUE_CLIPPED = "value_clipped";
  /// What the likelihood of pretraining text adds to the loss.
  public static final String PRETRAINING_LOSS = "pretraining_loss";

  /// @param valueWeight what the critic's loss is multiplied by; 0.1 is usual with a shared trunk, 1 with its own network
  /// @param whiten advantages at mean 0 and deviation 1 over a step's tokens
  /// @param pretraining text that is learned along; null for none
  public record Options(Rollouts rollouts, Gae gae, PolicyLoss loss, ValueLoss valueLoss, double valueWeight, boolean whiten, KlCoefficient kl,
      KlEstimator estimator, Updates updates, @Nullable PretrainingMix pretraining, Bounds bounds, Collator collator, TrainOptions train) {
    public Options {
      OnPolicy.require(rollouts, collator);
      if (!(valueWeight > 0 && valueWeight < Double.POSITIVE_INFINITY)) {
        throw new IllegalArgumentException("`value_weight` must be > 0 but was " + valueWeight + "; 0.1 is usual");
      }
    }

    /// γ = 1, λ = 0.95, clips of 0.2, whitened advantages, β = 0.02, 4 passes over a step's answers: InstructGPT's.
    public static Options of(Rollouts rollouts, Collator collator, TrainOptions train) {
      return new Options(rollouts, new Gae(1, 0.95), ClippedTokens.ppo(0.2), new ValueLoss(0.2), 0.1, true, KlCoefficient.fixed(0.02), KlEstimator.K1,
          Updates.of(4, 1), null, Bounds.NONE, collator, train);
    }

    public Options withLoss(PolicyLoss other) {
      return new Options(rollouts, gae, other, valueLoss, valueWeight, whiten, kl, estimator, updates, pretraining, bounds, collator, train);
    }

    public Options withGae(Gae other) {
      return new Options(rollouts, other, loss, valueLoss, valueWeight, whiten, kl, estimator, updates, pretraining, bounds, collator, train);
    }

    public Options withValueWeight(double weight) {
      return new Options(rollouts, gae, loss, valueLoss, weight, whiten, kl, estimator, updates, pretraining, bounds, collator, train);
    }

    public Options withKl(KlCoefficient beta) {
      return new Options(rollouts, gae, loss, valueLoss, valueWeight, whiten, beta, estimator, updates, pretraining, bounds, collator, train);
    }

    public Options withUpdates(Updates how) {
      return new Options(rollouts, gae, loss, valueLoss, valueWeight, whiten, kl, estimator, how, pretraining, bounds, collator, train);
    }

    public Options withPretraining(PretrainingMix mix) {
      return new Options(rollouts, gae, loss, valueLoss, valueWeight, whiten, kl, estimator, updates, mix, bounds, collator, train);
    }
  }

  private final CausalLm policy;
  private final Critic critic;
  private final @Nullable Reference reference;
  private final Optimizer optimizer;
  private final BatchSource<List<Prompt>> prompts;
  private final RewardSum reward;
  private final Options options;
  private final Ranks ranks;
  private final SpikeGuard spikes;
  private final TokenLogProbs logProbs;

  public PpoTrainer(CausalLm policy, Critic critic, @Nullable Reference reference, Optimizer optimizer, BatchSource<List<Prompt>> prompts,
      RewardSum reward, Options options) {
    this(policy, critic, reference, optimizer, prompts, reward, options, Ranks.ALONE);
  }

  /// @param reference null if nothing measures from one
  /// @param optimizer over the policy's and the critic's parameters
  /// @param ranks the processes that share every batch
  public PpoTrainer(CausalLm policy, Critic critic, @Nullable Reference reference, Optimizer optimizer, BatchSource<List<Prompt>> prompts,
      RewardSum reward, Options options, Ranks ranks) {
    OnPolicy.require(policy, prompts, options.collator, ranks);
    OnPolicy.requireReference(reference, options.kl.beta() > 0 || options.loss.measures());
    this.policy = policy;
    this.critic = critic;
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

  /// Answers to the prompts of a step, judged, with the critic's values.
  List<Experience> experiences(long step) {
    return collector().at(step, prompts.at(step));
  }

  private Collector collector() {
    int rows = Math.ceilDiv(prompts.batch() * options.rollouts.answers(), options.updates.miniBatches() * options.train.accumulate());
    return new Collector(policy, reference, critic, options.rollouts, reward, options.collator, logProbs, rows, true, ranks);
  }

  /// The policy's answers to held-out prompts, as many to each as in a step, judged.
  public List<Experience> answers(List<Prompt> held) {
    return collector().held(held);
  }

  /// What such answers show: the [RolloutFigures].
  public SequencedMap<String, Double> figures(List<Experience> answers) {
    return answers.isEmpty() ? new LinkedHashMap<>() : RolloutFigures.of(answers, options.rollouts.answers(), reward);
  }

  /// Advantages and returns of every token; of answers that cannot be judged nothing is learned.
  List<Lesson> lessons(List<Experience> experiences) {
    var rewards = new TokenRewards(options.kl.beta(), options.estimator);
    var judged = experiences.stream().filter(e -> !Double.isNaN(e.reward())).toList();
    var advantages = new ArrayList<double[]>();
    var returns = new ArrayList<double[]>();
    for (var experience : judged) {
      double[] values = experience.expected();
      advantages.add(options.gae.advantages(rewards.of(experience.old(), experience.reference(), experience.reward()), values));
      returns.add(Gae.returns(advantages.getLast(), values));
    }
    var used = options.whiten && !judged.isEmpty() ? Whitening.of(advantages, true) : advantages;
    var lessons = new ArrayList<Lesson>();
    double cap = options.updates.samplerCap();
    for (int i = 0; i < judged.size(); i++) {
      var lesson = Lesson.of(judged.get(i), used.get(i), returns.get(i));
      lessons.add(cap == 0 ? lesson : lesson.corrected(cap));
    }
    return lessons;
  }

  private Learned learn(List<Lesson> lessons, long step, StepUpdate update) {
    var loss = options.loss.at((double) step / options.train.steps());
    return Learned.from(lessons, step, options.rollouts.sampling().seed(), options.updates, update, (part, number) -> gradients(part, loss, number), this::follow);
  }

  private void follow() {
    if (reference != null) {
      reference.follow(policy);
    }
  }

  /// Adds the gradients of a mini-batch to the parameters', micro-batch by micro-batch; of several ranks each adds those of its own answers.
  ///
  /// @param number of the update in the run, for the pretraining text
  StepLoss gradients(List<Lesson> part, PolicyLoss loss, long number) {
    long tokens = part.stream().mapToLong(l -> l.experience().length()).sum();
    var totals = new Totals(part.size(), tokens);
    var figures = new LinkedHashMap<String, Double>();
    int size = Math.ceilDiv(part.size(), options.train.accumulate());
    double sum = MicroBatches.sum(Share.parts(Share.of(part, ranks), size), optimizer, micro -> backward(micro, loss, totals, figures));
    if (options.pretraining != null) {
      optimizer.accumulate();
      double text = options.pretraining.backward(policy, number, ranks, options.train.chunkTokens());
      figures.put(PRETRAINING_LOSS, text);
      sum += text;
    }
    return new StepLoss(sum, tokens, figures).sum(ranks);
  }

  private double backward(List<Lesson> micro, PolicyLoss loss, Totals totals, SequencedMap<String, Double> figures) {
    try (var tape = GradTape.open()) {
      var batch = LessonBatch.of(micro, options.collator, critic.branches(policy));
      var input = batch.input(policy.device());
      Pass pass = Pass.training(tape).withCheckpoint(options.train.activationCheckpointing());
      Tensor hidden = pass.shared(policy.hidden(input.tokens(), input.on(pass), null));          // [rows, T, C]
      Tensor logps = logProbs.of(policy, hidden, batch.layout().rows().targets(), tape);         // [rows * T]
      Tensor values = batch.layout().answers(critic.values(input, pass, hidden));                // [n, width]
      var scores = batch.scores(logps, options.updates.once());
      Tensor valueLoss = valueLoss(batch, values, totals, figures);
      scores.report(loss, totals, figures);
      Tensor total = loss.loss(scores, totals).add(valueLoss.mul(options.valueWeight));
      double value = total.detach().item();
      tape.backward(total);
      return value;
    }
  }

  private Tensor valueLoss(LessonBatch batch, Tensor values, Totals totals, SequencedMap<String, Double> figures) {
    Tensor old = batch.spread(l -> l.experience().values(), values);
    Tensor returns = batch.spread(Lesson::returns, values);
    Tensor mask = batch.mask(values);
    Tensor loss = options.valueLoss.loss(values, old, returns, mask, totals);
    figures.merge(VALUE_LOSS, loss.detach().item(), Double::sum);
    double clipped = options.valueLoss.clipped(values.detach(), old, returns, mask).sum().item();
    figures.merge(VALUE_CLIPPED, clipped / totals.tokens(), Double::sum);
    return loss;
  }

  /// The spike guard's memory, for checkpoints.
  public SpikeGuard spikes() {
    return spikes;
  }
}
