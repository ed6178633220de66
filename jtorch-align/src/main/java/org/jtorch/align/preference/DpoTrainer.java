package org.jtorch.align.preference;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.SequencedMap;
import org.jtorch.align.Share;
import org.jtorch.data.BatchSource;
import org.jtorch.data.Collator;
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
import org.jtorch.train.TrainOptions;

/// Trains a model on pairs of answers with any [PreferenceLoss]: DPO (arXiv:2305.18290) and its relatives. The loop is [#fit].
///
/// ```java
/// try (var reference = Reference.frozenCopyOf(policy);
///      var adam = AdamW.over(policy.parameters(), 0, AdamW.Options.DEFAULT)) {
///   var batches = new ExampleBatches<>(seed, 8, pairs, List::copyOf);
///   var options = DpoTrainer.Options.of(new Dpo(0.1), new Collator(1_024, 64), TrainOptions.of(500, 5e-7, new Schedule.Constant(20)));
///   new DpoTrainer(policy, reference, adam, batches, options).fit(Progress.START, log, hooks);
/// }
/// ```
///
/// The preference loss is divided by the pairs of the whole batch, the likelihood of the chosen answers by their tokens, so neither
/// micro-batches nor ranks change the gradient. Prompts are masked; a row's `format` is left out of the log-probabilities but stays
/// in the likelihood, as in Llama 3 (arXiv:2407.21783, section 4.1).
public final class DpoTrainer {
  /// @param nll what the mean negative log-likelihood of the chosen answers is multiplied by; 0.2 in Llama 3, 0 for none
  /// @param collator lays out each micro-batch
  public record Options(PreferenceLoss loss, double nll, Collator collator, TrainOptions train) {
    public Options {
      Require.notNegative("nll", nll, "0.2");
    }

    /// With the likelihood term that the loss's paper has.
    public static Options of(PreferenceLoss loss, Collator collator, TrainOptions train) {
      return new Options(loss, loss.usualNll(), collator, train);
    }

    public Options withNll(double weight) {
      return new Options(loss, weight, collator, train);
    }
  }

  private final CausalLm policy;
  private final Reference reference;
  private final Optimizer optimizer;
  private final BatchSource<List<PreferencePair>> batches;
  private final Options options;
  private final Ranks ranks;
  private final SpikeGuard spikes;

  public DpoTrainer(CausalLm policy, Reference reference, Optimizer optimizer, BatchSource<List<PreferencePair>> batches, Options options) {
    this(policy, reference, optimizer, batches, options, Ranks.ALONE);
  }

  /// @param reference not asked by a loss without one, and not closed
  /// @param ranks the processes that share every batch
  public DpoTrainer(CausalLm policy, Reference reference, Optimizer optimizer, BatchSource<List<PreferencePair>> batches, Options options,
      Ranks ranks) {
    Share.require(batches.batch(), options.train.accumulate(), ranks, "pairs");
    if (!policy.fits(options.collator.maxLength())) {
      throw new IllegalArgumentException("rows have up to " + options.collator.maxLength() + " tokens but the model allows "
          + policy.maxPositions() + " (`max_position_embeddings`)");
    }
    this.policy = policy;
    this.reference = reference;
    this.optimizer = optimizer;
    this.batches = batches;
    this.options = options;
    this.ranks = ranks;
    this.spikes = new SpikeGuard(options.train.spikes());
  }

  /// Trains from `from` to the last step, or until asked to stop.
  public StepLoop.Result fit(Progress from, StepListener log, Hooks hooks) {
    CommonStart.of(ranks, from, optimizer);
    var loop = new StepLoop(options.train, from, log, hooks, policy.device(), ranks);
    var update = new StepUpdate(optimizer, options.train, spikes, ranks);
    try (var ahead = batches.prefetch(from.step(), 2)) {
      loop.evaluateIfDue();
      while (loop.goesOn()) {
        StepLoss loss = gradients(ahead.next());
        loop.count(loss, update.make(loop.step(), loss.loss()));
        loop.saveIfDue();
        loop.evaluateIfDue();
      }
    }
    return loop.result();
  }

  /// Adds the gradients of a batch to the parameters', micro-batch by micro-batch; of several ranks each adds those of its own pairs.
  public StepLoss gradients(List<PreferencePair> batch) {
    var scale = PairGradients.Scale.of(batch);
    var figures = new LinkedHashMap<String, Double>();
    int size = Math.ceilDiv(batch.size(), options.train.accumulate());
    double loss = pairs().add(Share.of(batch, ranks), size, scale, optimizer, figures);
    return new StepLoss(loss, scale.tokens(), figures).sum(ranks);
  }

  private PairGradients pairs() {
    return new PairGradients(policy, reference, options);
  }

  /// Loss and figures of held-out pairs, of [#FIGURES]; the loss among them as `loss`.
  public SequencedMap<String, Double> score(List<PreferencePair> pairs) {
    return pairs().score(pairs, Math.ceilDiv(batches.batch(), options.train.accumulate()));
  }

  /// What a step reports, each the mean over its pairs: β times log-ratio (for a loss without reference β times log-probability), the share
  /// of pairs whose chosen answer leads, the log-probabilities themselves.
  public static final List<String> FIGURES =
      List.of("rewards_chosen", "rewards_rejected", "rewards_margin", "rewards_accuracy", "logps_chosen", "logps_rejected");

  /// The spike guard's memory, for checkpoints.
  public SpikeGuard spikes() {
    return spikes;
  }
}
