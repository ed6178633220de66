package org.jtorch.train;

import org.jtorch.io.DataException;
import org.jtorch.observe.EvalEvent;
import org.jtorch.observe.StepEvent;
import org.jtorch.observe.StepListener;
import org.jtorch.tensor.Device;
import org.jtorch.tensor.TensorScope;
import org.jtorch.tensor.TorchException;
import org.jtorch.tensor.ranks.Ranks;

/// The bookkeeping of a training loop: counts, times and reports the steps; saves and validates when that is due.
///
/// ```java
/// var loop = new StepLoop(options, from, log, hooks, model.device());
/// loop.evaluateIfDue();                                             // where the run stands before its first step
/// while (loop.goesOn()) {
///   StepLoss loss = ...;                                            // gradients of one batch
///   loop.count(loss, update.make(loop.step(), loss.loss()));
///   loop.saveIfDue();
///   loop.evaluateIfDue();
/// }
/// return loop.result();
/// ```
///
/// A checkpoint comes before the validation of the same step, so that whatever ends the process there costs no step; the next
/// process, which goes on from that checkpoint, begins with the validation.
public final class StepLoop {
  /// How a run ended.
  ///
  /// @param finished false if it was asked to stop before its last step
  public record Result(Progress progress, boolean finished) {}

  private final TrainOptions options;
  private final StepListener log;
  private final Hooks hooks;
  private final Hooks.Save rescue;
  private final boolean alone;
  private final Device device;
  private Progress now;
  private long started;
  private boolean stopped;

  public StepLoop(TrainOptions options, Progress from, StepListener log, Hooks hooks, Device device) {
    this(options, from, log, hooks, device, Ranks.ALONE);
  }

  /// @param ranks the processes that run this loop together
  public StepLoop(TrainOptions options, Progress from, StepListener log, Hooks hooks, Device device, Ranks ranks) {
    this.options = options;
    this.now = from;
    this.log = log;
    this.hooks = hooks.on(ranks);
    this.rescue = ranks.isFirst() ? hooks.save() : _ -> {};
    this.alone = ranks.size() == 1;
    this.device = device;
  }

  /// True if another step is to be made; its time begins here.
  public boolean goesOn() {
    started = System.nanoTime();
    return !stopped && now.step() < options.steps();
  }

  /// The step to make, or steps made so far: counted from 0.
  public long step() {
    return now.step();
  }

  /// Where the run stands.
  public Progress now() {
    return now;
  }

  /// A step is made: counts and reports it.
  public void count(StepLoss loss, StepUpdate.Made made) {
    now = new Progress(now.step() + 1, now.tokens() + loss.tokens(), loss.loss());
    report(() -> {
      if (made.skipped()) {
        log.onNote("step " + now.step() + " left out: loss " + loss.loss() + ", gradient norm " + made.gradNorm());
      }
      if (made.newLevel()) {
        log.onNote("step " + now.step() + ": gradient norms stay as high as " + made.gradNorm() + "; that is their level from here on");
      }
      var stats = TensorScope.stats();
      log.onStep(new StepEvent(now.step(), options.steps(), loss.loss(), made.gradNorm(), made.learningRate(), loss.tokens(),
          (System.nanoTime() - started) / 1e9, made.skipped(), stats.live(), stats.nativeObjects(), ProcessMemory.resident(),
          device.memory().peak(), loss.figures()));
    });
  }

  /// Saves every `saveEvery` steps, after the last one, and if the hooks ask for it; a request to stop ends the loop, too.
  public void saveIfDue() {
    var request = hooks.request().get();
    stopped = request == Hooks.Request.STOP;
    if (request != Hooks.Request.GO_ON || isLast() || due(options.saveEvery())) {
      hooks.save().at(now);
    }
  }

  /// Validates before the first step, every `evalEvery` steps and after the last one; not where a stop ends the loop. What goes wrong
  /// with the text or for want of memory is a note, and the run goes on; of several ranks, which have to go together, it ends.
  public void evaluateIfDue() {
    if (isLast() || !stopped && (now.step() == 0 || due(options.evalEvery()))) {
      evaluate();
    }
  }

  private void evaluate() {
    EvalEvent event;
    try {
      event = hooks.evaluate().apply(now.step());
    } catch (DataException | TorchException e) {
      if (!alone) {
        throw e;
      }
      report(() -> log.onNote("step " + now.step() + " is not validated: " + e.getMessage()));
      return;
    }
    report(() -> log.onEval(event));
  }

  /// Logs. Where that fails, on a full disk for instance, the run ends, but its state is saved if there is a place for it.
  private void report(Runnable event) {
    try {
      event.run();
    } catch (RuntimeException failure) {
      try {
        rescue.at(now);
      } catch (RuntimeException e) {
        failure.addSuppressed(e);
      }
      throw failure;
    }
  }

  public Result result() {
    return new Result(now, isLast());
  }

  private boolean isLast() {
    return now.step() >= options.steps();
  }

  private boolean due(long every) {
    return every > 0 && now.step() % every == 0;
  }
}
