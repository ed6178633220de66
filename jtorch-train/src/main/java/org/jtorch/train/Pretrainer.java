package org.jtorch.train;

import java.util.LinkedHashMap;
import java.util.SequencedMap;
import org.jtorch.data.Batch;
import org.jtorch.data.BatchSource;
import org.jtorch.data.RampedBatches;
import org.jtorch.data.TokenBatches;
import org.jtorch.decoder.CausalLm;
import org.jtorch.ffn.Routing;
import org.jtorch.loss.ChunkedLoss;
import org.jtorch.loss.Tokens;
import org.jtorch.nn.Pass;
import org.jtorch.observe.StepListener;
import org.jtorch.optim.Optimizer;
import org.jtorch.tensor.GradTape;
import org.jtorch.tensor.ranks.Ranks;

/// Trains a model on next tokens, of a corpus or of chats. The loop is [#fit], and it is all there is: batch, gradients,
/// update, log, save, validate. Copy it to change it; it uses public parts only.
///
/// The loss is divided by the number of trained tokens of the global batch (or by the sum of their weights), so the split
/// into micro-batches does not change the gradient, and neither does the split over ranks: each takes its contiguous share of
/// the batch's rows. For a model with experts the balancing loss is added, times
/// [CausalLm#auxCoefficient]; every micro-batch balances its own tokens and counts by its share of the trained ones. Batches
/// are a function of (seed, step): resuming at step n costs nothing and sees the same data.
public final class Pretrainer {
  /// The balancing loss of a model with experts among a step's figures, before its coefficient and not part of the loss.
  public static final String AUX_LOSS = "aux_loss";

  private final CausalLm model;
  private final Optimizer optimizer;
  private final BatchSource<Batch> batches;
  private final TrainOptions options;
  private final SpikeGuard spikes;
  private final BatchLoss loss;
  private WeightAverage average = WeightAverage.NONE;
  private final Ranks ranks;

  public Pretrainer(CausalLm model, Optimizer optimizer, BatchSource<Batch> batches, TrainOptions options) {
    this(model, optimizer, batches, options, BatchLoss.NEXT_TOKEN, Ranks.ALONE);
  }

  public Pretrainer(CausalLm model, Optimizer optimizer, BatchSource<Batch> batches, TrainOptions options, Ranks ranks) {
    this(model, optimizer, batches, options, BatchLoss.NEXT_TOKEN, ranks);
  }

  /// @param loss what is minimised
  /// @param ranks the processes that share every batch; all train with the same options, and [#fit] begins with the weights
  ///     of rank 0
  public Pretrainer(CausalLm model, Optimizer optimizer, BatchSource<Batch> batches, TrainOptions options, BatchLoss loss,
      Ranks ranks) {
    if (batches.batch() < ranks.size()) {
      throw new IllegalArgumentException("`batch` is " + batches.batch() + " rows but there are " + ranks.size()
          + " processes, and each needs a row; use a batch of at least " + ranks.size() + " or fewer processes");
    }
    if (batches.batch() % options.accumulate() != 0) {
      throw new IllegalArgumentException("`accumulate` (" + options.accumulate() + ") must divide the batch's rows ("
          + batches.batch() + "); change one of them");
    }
    int longest = batches instanceof TokenBatches rows ? rows.seqLen() : batches instanceof RampedBatches ramp ? ramp.seqLen() : 0;
    if (!model.fits(longest)) {
      throw new IllegalArgumentException("`seq_len` is " + longest + " but the model allows " + model.maxPositions()
          + " positions (`max_position_embeddings`)");
    }
    this.model = model;
    this.optimizer = optimizer;
    this.batches = batches;
    this.options = options;
    this.ranks = ranks;
    this.spikes = new SpikeGuard(options.spikes());
    this.loss = loss;
  }

  /// Takes the weights after each step into an average, which the caller keeps and closes.
  public void keep(WeightAverage of) {
    average = of;
  }

  /// Trains from `from` to the last step, or until asked to stop.
  public StepLoop.Result fit(Progress from, StepListener log, Hooks hooks) {
    CommonStart.of(ranks, from, optimizer);
    var loop = new StepLoop(options, from, log, hooks, model.device(), ranks);
    var update = new StepUpdate(optimizer, options, spikes, ranks);
    try (var ahead = batches.prefetch(from.step(), 2)) {
      loop.evaluateIfDue();
      while (loop.goesOn()) {
        StepLoss loss = gradients(ahead.next());
        loop.count(loss, update.make(loop.step(), loss.loss()));           // sums, clips, steps, logs
        average.after(loop.step());
        loop.saveIfDue();                                                  // or on request
        loop.evaluateIfDue();
      }
    }
    return loop.result();
  }

  /// Adds the gradients of a batch to the parameters', micro-batch by micro-batch; of several ranks each adds those of its
  /// own rows, in micro-batches as large as one rank would have, and all return the loss of the whole.
  public StepLoss gradients(Batch batch) {
    double total = batch.totalWeight();
    double scale = total > 0 ? 1 / total : 1;
    var figures = new LinkedHashMap<String, Double>();
    Batch mine = batch.share(ranks.rank(), ranks.size());
    int rows = batches instanceof RampedBatches ramp ? ramp.microRows(batch, options.accumulate())
        : Math.ceilDiv(batch.rows(), options.accumulate());
    double sum = MicroBatches.sum(mine.parts(rows), optimizer, micro -> backward(micro, scale, figures));
    return new StepLoss(sum * scale, batch.trainedTokens(), figures).sum(ranks);
  }

  private double backward(Batch micro, double scale, SequencedMap<String, Double> figures) {
    try (var tape = GradTape.open()) {
      var input = BatchTensors.of(micro, model.device());
      var routing = model.auxCoefficient() == 0 ? null : new Routing(tape.scope(), input.real(), false);
      var tokenLoss = new ChunkedLoss(loss.of(micro, input), options.chunkTokens());
      Pass pass = input.on(Pass.training(tape).withCheckpoint(options.activationCheckpointing()).withRouting(routing));
      var hidden = model.hidden(input.tokens(), pass, null);                            // [B, T, C]
      if (routing != null) {
        double share = micro.totalWeight() * scale;
        routing.trainWith(model.auxCoefficient() * share);
        figures.merge(AUX_LOSS, share * routing.auxLoss().item(), Double::sum);
      }
      return tokenLoss.backward(model, hidden, new Tokens(micro.targets(), micro.weights(), scale), tape);
    }
  }

  /// The spike guard's memory, for checkpoints.
  public SpikeGuard spikes() {
    return spikes;
  }
}
