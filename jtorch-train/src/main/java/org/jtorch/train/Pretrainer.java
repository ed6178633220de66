package org.jtorch.train;

import java.util.function.BooleanSupplier;
import java.util.function.LongFunction;
import org.jtorch.data.Batch;
import org.jtorch.data.TokenBatches;
import org.jtorch.decoder.CausalLm;
import org.jtorch.ffn.Routing;
import org.jtorch.loss.ChunkedCrossEntropy;
import org.jtorch.nn.Pass;
import org.jtorch.observe.EvalEvent;
import org.jtorch.observe.StepEvent;
import org.jtorch.observe.StepListener;
import org.jtorch.optim.GradClip;
import org.jtorch.optim.Optimizer;
import org.jtorch.tensor.Grad;
import org.jtorch.tensor.GradTape;
import org.jtorch.tensor.TensorScope;
import org.jtorch.tensor.ranks.Ranks;

/// Trains a model on next tokens. The loop is [#fit], and it is all there is: batch, micro-batches, norm, update,
/// log, validate, save. Copy it to change it; it uses public parts only.
///
/// The loss is divided by the number of trained tokens of the global batch, so the split into micro-batches does not
/// change the gradient, and neither does the split over ranks: each takes its contiguous share of the batch's rows, the
/// gradients are summed, norm, loss and decisions are the same on all. For a model with experts the balancing loss is added, times [CausalLm#auxCoefficient]; every
/// micro-batch balances its own tokens and counts by its share of the trained ones. Batches are a function of (seed,
/// step): resuming at step n costs nothing and sees the same data.
public final class Pretrainer {
  /// Where the loop goes besides the model: all optional.
  ///
  /// @param evaluate validates at a step; called at every `evalEvery` and at the end
  /// @param save writes a checkpoint of the given step; called at every `saveEvery`, on a stop and at the end
  /// @param stop asked after every step: true saves and ends the run early
  public record Hooks(LongFunction<EvalEvent> evaluate, Save save, BooleanSupplier stop) {
    /// The same for several ranks: all validate, the first saves, all wait for what the first does alone, and all stop if
    /// any is asked to.
    Hooks on(Ranks ranks) {
      LongFunction<EvalEvent> together = step -> {
        var event = evaluate.apply(step);
        ranks.barrier();
        return event;
      };
      Save first = now -> {
        if (ranks.isFirst()) {
          save.at(now);
        }
        ranks.barrier();
      };
      return ranks.size() == 1 ? this : new Hooks(together, first, () -> ranks.max(stop.getAsBoolean() ? 1 : 0)[0] > 0);
    }
  }

  /// Writes a checkpoint.
  public interface Save {
    void at(Progress progress);
  }

  /// Where a run stands after `step` steps.
  public record Progress(long step, long tokens, double loss) {
    public static final Progress START = new Progress(0, 0, Double.NaN);
  }

  /// How a run ended.
  public record Result(Progress progress, boolean finished) {}

  private final CausalLm model;
  private final Optimizer optimizer;
  private final TokenBatches batches;
  private final TrainOptions options;
  private final SpikeGuard spikes;
  private final ChunkedCrossEntropy crossEntropy;
  private final Ranks ranks;
  private double auxLoss;

  public Pretrainer(CausalLm model, Optimizer optimizer, TokenBatches batches, TrainOptions options) {
    this(model, optimizer, batches, options, Ranks.ALONE);
  }

  /// @param ranks the processes that share every batch; all of them train with the same options, and [#fit] begins with
  ///     the weights of rank 0
  public Pretrainer(CausalLm model, Optimizer optimizer, TokenBatches batches, TrainOptions options, Ranks ranks) {
    if (batches.batch() < ranks.size()) {
      throw new IllegalArgumentException("`batch` is " + batches.batch() + " rows but there are " + ranks.size()
          + " processes, and each needs a row; use a batch of at least " + ranks.size() + " or fewer processes");
    }
    if (batches.batch() % options.accumulate() != 0) {
      throw new IllegalArgumentException("`accumulate` (" + options.accumulate() + ") must divide the batch's rows ("
          + batches.batch() + "); change one of them");
    }
    if (!model.fits(batches.seqLen())) {
      throw new IllegalArgumentException("`seq_len` is " + batches.seqLen() + " but the model allows " + model.maxPositions()
          + " positions (`max_position_embeddings`)");
    }
    this.model = model;
    this.optimizer = optimizer;
    this.batches = batches;
    this.options = options;
    this.ranks = ranks;
    this.spikes = new SpikeGuard(options.spikes());
    this.crossEntropy = new ChunkedCrossEntropy(options.chunkTokens());
  }

  /// Trains from `from` to the last step, or until asked to stop.
  public Result fit(Progress from, StepListener log, Hooks hooks) {
    Progress now = from;
    Hooks agreed = hooks.on(ranks);
    begin(from.step());
    try (var ahead = batches.prefetch(from.step(), 2)) {
      while (now.step() < options.steps()) {
        long started = System.nanoTime();
        Batch batch = ahead.next();
        double loss = gradients(batch);
        double norm = ranks.ofFirst(optimizer.gradNorm())[0];
        double rate = options.learningRate() * options.schedule().at(now.step());
        boolean accepted = spikes.accept(loss, norm);
        if (accepted) {
          optimizer.step(rate, GradClip.coefficient(norm, options.clip()));
        } else {
          optimizer.zeroGrad();
          log.onNote("step " + (now.step() + 1) + " left out: loss " + loss + ", gradient norm " + norm);
        }
        now = new Progress(now.step() + 1, now.tokens() + batch.trainedTokens(), loss);
        log.onStep(event(now, norm, rate, batch, (System.nanoTime() - started) / 1e9, !accepted));
        boolean last = now.step() == options.steps();
        if (last || due(now.step(), options.evalEvery())) {
          log.onEval(agreed.evaluate().apply(now.step()));
        }
        boolean stop = agreed.stop().getAsBoolean();
        if (last || stop || due(now.step(), options.saveEvery())) {
          agreed.save().at(now);
        }
        if (stop && !last) {
          return new Result(now, false);
        }
      }
    }
    return new Result(now, true);
  }

  /// All ranks start at the same step with the weights of the first.
  private void begin(long step) {
    long first = (long) ranks.ofFirst(step)[0];
    if (first != step) {
      throw new IllegalArgumentException("rank " + ranks.rank() + " starts at step " + step + " but rank 0 at step " + first
          + ": they see different checkpoints; give all of them the same run folder, on a disk that they share");
    }
    try (var _ = TensorScope.open(); var _ = Grad.off()) {
      ranks.broadcast(model.parameters().stream().map(p -> p.tensor().detach()).toList(), 0);
    }
  }

  /// Adds the gradients of a whole batch to the parameters', micro-batch by micro-batch; this rank runs its share.
  /// With several ranks a micro-batch has as many rows as with one, so there are fewer.
  ///
  /// @return the mean loss over the batch's trained tokens
  public double gradients(Batch batch) {
    int rows = batch.rows() / options.accumulate();
    double scale = 1.0 / Math.max(1, batch.trainedTokens());
    Batch mine = batch.share(ranks.rank(), ranks.size());
    double sum = 0;
    auxLoss = 0;
    for (int at = 0; at < mine.rows(); at += rows) {
      if (at > 0) {
        optimizer.accumulate();
      }
      sum += backward(rows >= mine.rows() ? mine : mine.slice(at, Math.min(rows, mine.rows() - at)), scale);
    }
    optimizer.sum(ranks);
    double[] all = ranks.sum(sum * scale, auxLoss);
    auxLoss = all[1];
    return all[0];
  }

  /// The balancing loss of the last batch, before its coefficient; 0 for a model without experts.
  public double auxLoss() {
    return auxLoss;
  }

  private double backward(Batch micro, double scale) {
    try (var tape = GradTape.open()) {
      var input = BatchTensors.of(micro, model.device());
      var routing = model.auxCoefficient() == 0 ? null : new Routing(tape.scope(), input.real(), false);
      Pass pass = input.on(Pass.training(tape).withCheckpoint(options.activationCheckpointing()).withRouting(routing));
      var hidden = model.hidden(input.tokens(), pass, null);                            // [B, T, C]
      if (routing != null) {
        double share = micro.trainedTokens() * scale;
        routing.trainWith(model.auxCoefficient() * share);
        auxLoss += share * routing.auxLoss().item();
      }
      return crossEntropy.backward(model, hidden, micro.targets(), scale, tape);
    }
  }

  private StepEvent event(Progress now, double norm, double rate, Batch batch, double seconds, boolean skipped) {
    var stats = TensorScope.stats();
    return new StepEvent(now.step(), options.steps(), now.loss(), norm, rate, batch.trainedTokens(), seconds, skipped,
        stats.live(), stats.nativeObjects(), ProcessMemory.resident(), model.device().memory().peak(), auxLoss);
  }

  private static boolean due(long step, long every) {
    return every > 0 && step % every == 0;
  }

  /// The spike guard's memory, for checkpoints.
  public SpikeGuard spikes() {
    return spikes;
  }
}
