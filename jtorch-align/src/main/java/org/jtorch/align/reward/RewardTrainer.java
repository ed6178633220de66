package org.jtorch.align.reward;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.SequencedMap;
import org.jspecify.annotations.Nullable;
import org.jtorch.align.Share;
import org.jtorch.data.BatchSource;
import org.jtorch.data.Collator;
import org.jtorch.head.BradleyTerry;
import org.jtorch.head.DecoderClassifier;
import org.jtorch.nn.Pass;
import org.jtorch.observe.StepListener;
import org.jtorch.optim.Optimizer;
import org.jtorch.tensor.Grad;
import org.jtorch.tensor.GradTape;
import org.jtorch.tensor.Ops;
import org.jtorch.tensor.Tensor;
import org.jtorch.tensor.TensorScope;
import org.jtorch.tensor.ranks.Ranks;
import org.jtorch.train.BatchTensors;
import org.jtorch.train.CommonStart;
import org.jtorch.train.Hooks;
import org.jtorch.train.MicroBatches;
import org.jtorch.train.Progress;
import org.jtorch.train.SpikeGuard;
import org.jtorch.train.StepLoop;
import org.jtorch.train.StepLoss;
import org.jtorch.train.StepUpdate;
import org.jtorch.train.TrainOptions;

/// Trains a reward model on rankings: Bradley-Terry on all pairs of answers (arXiv:2203.02155, eq. 1), with what the levels of preference say
/// ([Ranking]), and AFM's grades beside it. The loop is [#fit].
///
/// ```java
/// try (var model = (DecoderClassifier) Classifiers.begin(sft, Labels.SCORE, device, DType.F32, Rng.of(1));
///      var adam = AdamW.over(model.parameters(), 0, AdamW.Options.DEFAULT)) {
///   var batches = new ExampleBatches<>(seed, 16, rankings, List::copyOf);
///   var options = RewardTrainer.Options.of(Ranking.SOFT, new Collator(1_024, 64), TrainOptions.of(500, 1e-5, schedule));
///   new RewardTrainer(model, null, adam, batches, options, Ranks.ALONE).fit(Progress.START, log, hooks);
///   Classifiers.save(model, folder, DType.F32, sft);
/// }
/// ```
///
/// The ranking loss is the mean over the pairs of the whole batch, the grades' loss the sum of each ranking's cross-entropies, its mean over
/// the rankings of the whole batch.
public final class RewardTrainer {
  /// What a step reports: the share of pairs whose better answer scores higher, and the mean lead.
  public static final List<String> FIGURES = List.of("accuracy", "lead");
  /// What it reports beside them where there are [GradeHeads].
  public static final String GRADE_LOSS = "grade_loss";

  /// @param gradeWeight λ of AFM's grades, whose value is not published; 0.1 here
  /// @param centering pulls the rewards of a pair towards 0; 0.01 is usual, 0 for none
  /// @param collator lays out each micro-batch
  public record Options(Ranking ranking, double gradeWeight, double centering, Collator collator, TrainOptions train) {
    public Options {
      if (!(gradeWeight >= 0 && gradeWeight < Double.POSITIVE_INFINITY)) {
        throw new IllegalArgumentException("`grade_weight` must be >= 0 but was " + gradeWeight + "; 0.1 is usual");
      }
    }

    /// Without centring.
    public static Options of(Ranking ranking, Collator collator, TrainOptions train) {
      return new Options(ranking, 0.1, 0, collator, train);
    }
  }

  private final DecoderClassifier model;
  private final @Nullable GradeHeads grades;
  private final Optimizer optimizer;
  private final BatchSource<List<RankedRows>> batches;
  private final Options options;
  private final Ranks ranks;
  private final SpikeGuard spikes;
  private final BradleyTerry loss;

  /// @param grades heads that the optimizer has too; null for none
  /// @param ranks the processes that share every batch
  public RewardTrainer(DecoderClassifier model, @Nullable GradeHeads grades, Optimizer optimizer, BatchSource<List<RankedRows>> batches,
      Options options, Ranks ranks) {
    Share.require(batches.batch(), options.train.accumulate(), ranks, "rankings");
    if (model.labels().count() != 1) {
      throw new IllegalArgumentException("a reward model has one output but this one has " + model.labels().count()
          + "; begin it with Labels.SCORE");
    }
    this.model = model;
    this.grades = grades;
    this.optimizer = optimizer;
    this.batches = batches;
    this.options = options;
    this.ranks = ranks;
    this.spikes = new SpikeGuard(options.train.spikes());
    this.loss = new BradleyTerry(options.centering);
  }

  /// Trains from `from` to the last step, or until asked to stop.
  public StepLoop.Result fit(Progress from, StepListener log, Hooks hooks) {
    CommonStart.of(ranks, from, optimizer);
    var loop = new StepLoop(options.train, from, log, hooks, model.device(), ranks);
    var update = new StepUpdate(optimizer, options.train, spikes, ranks);
    try (var ahead = batches.prefetch(from.step(), 2)) {
      loop.evaluateIfDue();
      while (loop.goesOn()) {
        StepLoss found = gradients(ahead.next());
        loop.count(found, update.make(loop.step(), found.loss()));
        loop.saveIfDue();
        loop.evaluateIfDue();
      }
    }
    return loop.result();
  }

  /// Adds the gradients of a batch to the parameters', micro-batch by micro-batch; of several ranks each adds those of its own rankings.
  public StepLoss gradients(List<RankedRows> batch) {
    double perPair = 1.0 / batch.stream().mapToInt(RankedRows::pairs).sum();
    double perRanking = 1.0 / batch.size();
    var figures = new LinkedHashMap<String, Double>();
    int size = Math.ceilDiv(batch.size(), options.train.accumulate());
    double sum = MicroBatches.sum(Share.parts(Share.of(batch, ranks), size), optimizer,
        part -> backward(part, perPair, perRanking, figures));
    long tokens = batch.stream().flatMap(r -> r.answers().stream()).mapToLong(a -> a.row().ids().length).sum();
    return new StepLoss(sum, tokens, figures).sum(ranks);
  }

  private double backward(List<RankedRows> part, double perPair, double perRanking, SequencedMap<String, Double> figures) {
    var batch = RankedBatch.of(part, options.ranking, options.collator);
    try (var tape = GradTape.open()) {
      Pass pass = Pass.training(tape).withCheckpoint(options.train.activationCheckpointing());
      Tensor hidden = hidden(part, batch, pass);                                        // [answers, C]
      Tensor scores = batch.paired(model.judge(hidden, pass));                          // [2p]
      Tensor total = ranking(batch, scores).mul(batch.count() * perPair);
      if (grades != null) {
        Tensor graded = batch.gradeLoss(grades.logits(hidden, pass)).mul(perRanking);
        figures.merge(GRADE_LOSS, graded.item(), Double::sum);
        total = total.add(graded.mul(options.gradeWeight));
      }
      report(BradleyTerry.lead(scores.detach()).toDoubles(), perPair, figures);
      double value = total.item();
      tape.backward(total);
      return value;
    }
  }

  /// Where the answers end, a row each or packed behind their prompt, whichever computes less. `[answers, C]`
  private Tensor hidden(List<RankedRows> part, RankedBatch batch, Pass pass) {
    if (model.trunk().branches() && PackedAnswers.pays(part, options.collator)) {
      return PackedAnswers.of(part, options.collator).hidden(model, pass);
    }
    var input = BatchTensors.of(batch.rows(), model.device());
    return model.lastHidden(input.tokens(), pass.withKeyMask(RankedBatch.mask(batch.rows(), model.device())), (_, _) -> {});
  }

  /// The mean over the pairs of a batch.
  private Tensor ranking(RankedBatch batch, Tensor scores) {
    return options.ranking == Ranking.SOFT ? loss.softLoss(scores, Ops.of(batch.certainty(), scores.device(), batch.count()))
        : loss.loss(scores, Ops.of(batch.margin(), scores.device(), batch.count()));
  }

  private static void report(double[] leads, double perPair, SequencedMap<String, Double> figures) {
    for (double lead : leads) {
      figures.merge(FIGURES.get(0), lead > 0 ? perPair : 0, Double::sum);
      figures.merge(FIGURES.get(1), lead * perPair, Double::sum);
    }
  }

  /// What the model makes of held-out rankings: `loss`, `accuracy` over all pairs, and `accuracy_better` and so on over those of each level.
  public SequencedMap<String, Double> score(List<RankedRows> rankings) {
    return judge(rankings).figures;
  }

  /// What the model makes of rankings.
  ///
  /// @param figures as [#score] has them
  /// @param leads of the better answer of every pair
  @SuppressWarnings("ArrayRecordComponent") // a result, never compared
  public record Judged(SequencedMap<String, Double> figures, double[] leads) {}

  /// The same with the lead of every pair.
  public Judged judge(List<RankedRows> rankings) {
    var accuracy = new RankingAccuracy(FIGURES.getFirst());
    var all = new ArrayList<double[]>();
    double sum = 0;
    int pairs = 0;
    for (var part : Share.parts(rankings, Math.ceilDiv(batches.batch(), options.train.accumulate()))) {
      try (var _ = TensorScope.open(); var _ = Grad.off()) {
        var batch = RankedBatch.of(part, options.ranking, options.collator);
        Tensor scores = batch.paired(model.judge(hidden(part, batch, Pass.EMPTY), Pass.EMPTY));
        sum += ranking(batch, scores).item() * batch.count();
        pairs += batch.count();
        double[] leads = BradleyTerry.lead(scores).toDoubles();
        all.add(leads);
        int at = 0;
        for (var each : part) {
          accuracy.add(each, leads, at);
          at += each.pairs();
        }
      }
    }
    var figures = new LinkedHashMap<String, Double>();
    figures.put("loss", sum / Math.max(1, pairs));
    figures.putAll(accuracy.shares());
    return new Judged(figures, Calibration.join(all));
  }

  /// The spike guard's memory, for checkpoints.
  public SpikeGuard spikes() {
    return spikes;
  }
}
