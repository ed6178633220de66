package org.jtorch.longcontext;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Objects;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.jtorch.data.Batch;
import org.jtorch.data.BatchSource;
import org.jtorch.decoder.Decoder;
import org.jtorch.io.AtomicFolder;
import org.jtorch.observe.StepListener;
import org.jtorch.optim.Optimizer;
import org.jtorch.tensor.ranks.Ranks;
import org.jtorch.train.Checkpoint;
import org.jtorch.train.CommonStart;
import org.jtorch.train.Hooks;
import org.jtorch.train.ModelFolder;
import org.jtorch.train.Pretrainer;
import org.jtorch.train.Progress;
import org.jtorch.train.Retention;
import org.jtorch.train.Saved;
import org.jtorch.train.StepLoop;
import org.jtorch.train.StepLoss;
import org.jtorch.train.StepUpdate;
import org.jtorch.train.TrainOptions;

/// Trains at one length after the other. Between two lengths the model and its optimizer are closed, made anew for the next and brought
/// to the newest checkpoint, which is what a run does that was killed: so both go on to the same bits.
///
/// ```text
/// checkpoints/step-00000300    as of any run
/// passed/step-00000200         where the last length was learnt
/// rolled-back/step-...         what came after it, if a length was not learnt
/// ```
public final class CheckpointedTrainer implements LengthTrainer, AutoCloseable {
  private static final String PASSED = "passed";

  /// What it is made of, at each length.
  public interface Parts {
    /// The model as it was before the extension, with the positions of a length; null for its own.
    Decoder model(@Nullable Rung rung);

    /// An optimizer at the beginning of the extension.
    Optimizer optimizer(Decoder model);

    /// Rows of this length, as many tokens in a batch as at any other.
    BatchSource<Batch> batches(Rung rung);

    /// How the model is saved.
    ModelFolder folder(Decoder model);
  }

  /// Where and how it runs.
  ///
  /// @param folder its checkpoints go into `checkpoints` there
  /// @param retention which of them stay
  /// @param batchTokens tokens of a step
  /// @param options of the loop; the number of steps is not looked at
  public record Plan(Path folder, Retention retention, long batchTokens, TrainOptions options) {
    /// Where the checkpoints are.
    public Path checkpoints() {
      return folder.resolve("checkpoints");
    }

    /// Where those of lengths that were learnt are.
    public Path passed() {
      return folder.resolve(PASSED);
    }

    /// Tokens that the newest checkpoint has seen, 0 if there is none.
    public long tokens() {
      var newest = AtomicFolder.newestValid(checkpoints(), "step-", _ -> {});
      return newest.map(Checkpoint::step).orElse(0L) * batchTokens;
    }
  }

  /// Who hears of it.
  ///
  /// @param log of steps and checkpoints
  /// @param request asked after every step
  /// @param ranks the processes that share every batch
  public record Surroundings(StepListener log, Supplier<Hooks.Request> request, Ranks ranks) {
    /// Nobody: one process that is never asked to stop.
    public static final Surroundings NONE = new Surroundings(new StepListener() {}, () -> Hooks.Request.GO_ON, Ranks.ALONE);
  }

  /// What is at work at one length.
  ///
  /// @param training null for the model as it was before the extension
  private record At(@Nullable Rung rung, Decoder model, @Nullable Training training) {
    void close() {
      if (training != null) {
        training.optimizer().close();
      }
      model.close();
    }
  }

  private record Training(Optimizer optimizer, BatchSource<Batch> batches, Pretrainer trainer, Checkpoint checkpoint) {}

  private final Parts parts;
  private final Plan plan;
  private final Surroundings around;
  private @Nullable At at;
  private Progress now = Progress.START;

  public CheckpointedTrainer(Parts parts, Plan plan, Surroundings around) {
    this.parts = parts;
    this.plan = plan;
    this.around = around;
  }

  /// The model at the length that it is at.
  public Decoder model() {
    return at().model();
  }

  /// Steps made so far, of all lengths.
  public long step() {
    return now.step();
  }

  private At at() {
    return Objects.requireNonNull(at, "the trainer has entered no length yet");
  }

  private Training training() {
    return Objects.requireNonNull(at().training(), "the model is as it was before the extension");
  }

  @Override public void enter(@Nullable Rung rung) {
    if (at == null || !Objects.equals(at.rung(), rung)) {
      make(rung);
      now = rung == null ? Progress.START : training().checkpoint().resume(around.log()::onNote);
    }
  }

  /// Closes what there is, for two models may not fit, and makes everything for a length.
  private void make(@Nullable Rung rung) {
    close();
    var model = parts.model(rung);
    at = new At(rung, model, null);                        // from here on it is closed with the rest
    if (rung != null) {
      model.requiresGrad(true);
      at = new At(rung, model, training(model, rung));
    }
  }

  @SuppressWarnings("MustBeClosedChecker")                 // closed with the length
  private Training training(Decoder model, Rung rung) {
    var optimizer = parts.optimizer(model);
    try {
      var batches = parts.batches(rung);
      var trainer = new Pretrainer(model, optimizer, batches, plan.options(), around.ranks());
      var checkpoint = Checkpoint.of(plan.checkpoints(), plan.retention(), parts.folder(model))
          .with("optimizer", Saved.of(optimizer, model.weights())).with("spike_guard", trainer.spikes());
      return new Training(optimizer, batches, trainer, checkpoint);
    } catch (RuntimeException | Error e) {
      optimizer.close();
      throw e;
    }
  }

  @Override public boolean trainTo(long tokens) {
    var ranks = around.ranks();
    var training = training();
    var trainer = training.trainer();
    var options = plan.options().withSteps(steps(tokens));
    CommonStart.of(ranks, now, training.optimizer());
    var loop = new StepLoop(options, now, around.log(), hooks(), at().model().device(), ranks);
    var update = new StepUpdate(training.optimizer(), options, trainer.spikes(), ranks);
    try (var ahead = training.batches().prefetch(now.step(), 2)) {
      while (loop.goesOn()) {
        StepLoss loss = trainer.gradients(ahead.next());
        loop.count(loss, update.make(loop.step(), loss.loss()));
        loop.saveIfDue();                                                  // after the last one in any case
      }
    }
    now = loop.now();
    return loop.result().finished();
  }

  /// The loop does not validate: that is the gate's.
  private Hooks hooks() {
    return new Hooks(_ -> {
      throw new IllegalStateException("the loop of one length does not validate");
    }, this::save, around.request());
  }

  private long steps(long tokens) {
    if (tokens % plan.batchTokens() != 0) {
      throw new IllegalArgumentException("`chunk` must be a multiple of the batch (" + plan.batchTokens() + " tokens), but " + tokens
          + " tokens of training are not");
    }
    return tokens / plan.batchTokens();
  }

  private void save(Progress progress) {
    around.log().onSave(training().checkpoint().timedSave(progress));
  }

  @Override public void keep() {
    if (around.ranks().isFirst()) {
      passed().save(now);
    }
    around.ranks().barrier();
  }

  private Checkpoint passed() {
    var mine = training().checkpoint();
    return new Checkpoint(plan.passed(), Retention.newest(1), mine.model(), mine.parts());
  }

  @Override public void rollBack(@Nullable Rung to, long tokens) {
    close();
    long step = steps(tokens);
    if (around.ranks().isFirst()) {
      setAside(step);
    }
    around.ranks().barrier();
    make(to);
    now = Progress.START;
    if (to != null) {
      now = passed().restore(plan.passed().resolve("step-%08d".formatted(step)));
      around.ranks().afterFirst(() -> training().checkpoint().save(now));
    }
  }

  /// Moves the checkpoints away if some came after a step.
  private void setAside(long step) {
    var all = Checkpoint.all(plan.checkpoints());
    if (all.isEmpty() || Checkpoint.step(all.getLast()) <= step) {
      return;
    }
    Path away = plan.folder().resolve("rolled-back");
    for (int n = 2; Files.exists(away); n++) {
      away = plan.folder().resolve("rolled-back-" + n);
    }
    AtomicFolder.rename(plan.checkpoints(), away);
  }

  @Override public void close() {
    if (at != null) {
      at.close();
      at = null;
    }
  }
}
