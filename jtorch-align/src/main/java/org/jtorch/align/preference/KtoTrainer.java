package org.jtorch.align.preference;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.SequencedMap;
import org.jtorch.align.Share;
import org.jtorch.align.chats.AnswerRow;
import org.jtorch.data.BatchSource;
import org.jtorch.data.Collator;
import org.jtorch.decoder.CausalLm;
import org.jtorch.loss.TokenLogProbs;
import org.jtorch.nn.Pass;
import org.jtorch.observe.StepListener;
import org.jtorch.optim.Optimizer;
import org.jtorch.tensor.Grad;
import org.jtorch.tensor.GradTape;
import org.jtorch.tensor.Ops;
import org.jtorch.tensor.Tensor;
import org.jtorch.tensor.TensorScope;
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

/// Trains a model on single answers that are good or bad, by [Kto]. The loop is [#fit].
///
/// The divergence from the reference is estimated once a step, over the whole batch: the mean log-ratio of the batch's answers to each
/// other's prompts, without gradients (arXiv:2402.01306, section 4.1). The reference is a model or the adapter switched off; it cannot be
/// precomputed, since those rows are others in each step.
public final class KtoTrainer {
  /// @param collator lays out each micro-batch
  public record Options(Kto loss, Collator collator, TrainOptions train) {}

  private final CausalLm policy;
  private final Reference reference;
  private final Optimizer optimizer;
  private final BatchSource<List<JudgedRow>> batches;
  private final Options options;
  private final Ranks ranks;
  private final SpikeGuard spikes;

  /// @param ranks the processes that share every batch
  public KtoTrainer(CausalLm policy, Reference reference, Optimizer optimizer, BatchSource<List<JudgedRow>> batches, Options options,
      Ranks ranks) {
    Share.require(batches.batch(), options.train.accumulate(), ranks, "answers");
    if (batches.batch() < 2) {
      throw new IllegalArgumentException("`batch` must be >= 2 but was 1: the answers of a batch are each other's comparison; 16 is usual");
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

  /// Adds the gradients of a batch to the parameters'.
  public StepLoss gradients(List<JudgedRow> batch) {
    int size = Math.ceilDiv(batch.size(), options.train.accumulate());
    double divergence = divergence(batch, size);
    var figures = new LinkedHashMap<String, Double>();
    double loss = MicroBatches.sum(Share.parts(Share.of(batch, ranks), size), optimizer,
        part -> backward(part, divergence, 1.0 / batch.size(), figures));
    figures.put("divergence", Math.max(0, divergence) / ranks.size());                  // each rank adds its part
    return new StepLoss(loss, batch.stream().mapToLong(r -> r.answer().learned()).sum(), figures).sum(ranks);
  }

  /// The mean log-ratio of each answer to the prompt before it; without those that are too long together.
  private double divergence(List<JudgedRow> batch, int size) {
    var unrelated = new ArrayList<AnswerRow>();
    for (int i = 0; i < batch.size(); i++) {
      var row = batch.get(i).answer().answeredBy(batch.get((i + 1) % batch.size()).answer());
      if (row.row().ids().length <= options.collator.maxLength()) {
        unrelated.add(row);
      }
    }
    double sum = 0;
    for (var part : Share.parts(Share.of(unrelated, ranks), size)) {
      try (var _ = TensorScope.open(); var _ = Grad.off()) {
        sum += ratios(part, Pass.EMPTY).sum().item();
      }
    }
    return ranks.sum(sum)[0] / Math.max(1, unrelated.size());
  }

  private double backward(List<JudgedRow> part, double divergence, double perAnswer, SequencedMap<String, Double> figures) {
    try (var tape = GradTape.open()) {
      Tensor ratios = ratios(part.stream().map(JudgedRow::answer).toList(),
          Pass.training(tape).withCheckpoint(options.train.activationCheckpointing()));
      Tensor good = good(part, ratios);
      Tensor loss = options.loss.losses(ratios, good, divergence).sum().mul(perAnswer);
      double value = loss.item();
      report(ratios.detach().toDoubles(), part, perAnswer * options.loss.beta(), figures);
      tape.backward(loss);
      return value;
    }
  }

  private Tensor ratios(List<AnswerRow> answers, Pass pass) {
    var batch = AnswerBatch.of(answers, options.collator);
    var input = batch.input(policy.device());
    int chunk = options.train.chunkTokens();
    Tensor kept = reference.logps(policy, batch, input, chunk);
    Tensor logps = batch.sums(ScoredAnswers.tokenLogps(policy, batch.rows(), input, pass, new TokenLogProbs(chunk)));            // [n]
    return logps.sub(kept.to(logps.dtype()));
  }

  private static Tensor good(List<JudgedRow> part, Tensor like) {
    return Ops.of(part.stream().mapToLong(r -> r.good() ? 1 : 0).toArray(), like.device(), part.size()).eq(1);
  }

  /// β times log-ratio, of the good and of the bad answers: what each adds to the mean over the whole batch.
  private static void report(double[] ratios, List<JudgedRow> part, double factor, SequencedMap<String, Double> figures) {
    figures.putIfAbsent("rewards_good", 0.0);
    figures.putIfAbsent("rewards_bad", 0.0);
    for (int i = 0; i < ratios.length; i++) {
      figures.merge(part.get(i).good() ? "rewards_good" : "rewards_bad", factor * ratios[i], Double::sum);
    }
  }

  /// The spike guard's memory, for checkpoints.
  public SpikeGuard spikes() {
    return spikes;
  }
}
