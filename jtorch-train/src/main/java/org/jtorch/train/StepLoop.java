package org.jtorch.train;

import org.jtorch.observe.StepEvent;
import org.jtorch.observe.StepListener;
import org.jtorch.tensor.Device;
import org.jtorch.tensor.TensorScope;

/// The bookkeeping of a training loop: counts and times the steps, reports them, and says when to validate and to save.
///
/// ```java
/// var loop = new StepLoop(options, from, log, hooks, model.device());
/// while (loop.goesOn()) {
///   StepLoss loss = ...;                                            // gradients of one batch
///   loop.count(loss, update.make(loop.step(), loss.loss()));
///   if (loop.evalIsDue()) { ... }
///   if (loop.saveIsDue()) { ... }
/// }
/// return loop.result();
/// ```
public final class StepLoop {
  /// How a run ended.
  ///
  /// @param finished false if it was asked to stop before its last step
  public record Result(Progress progress, boolean finished) {}

  private final TrainOptions options;
  private final StepListener log;
  private final Hooks hooks;
  private final Device device;
  private Progress now;
  private long started;
  private boolean stopped;

  public StepLoop(TrainOptions options, Progress from, StepListener log, Hooks hooks, Device device) {
    this.options = options;
    this.now = from;
    this.log = log;
    this.hooks = hooks;
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
    if (made.skipped()) {
      log.onNote("step " + now.step() + " left out: loss " + loss.loss() + ", gradient norm " + made.gradNorm());
    }
    var stats = TensorScope.stats();
    log.onStep(new StepEvent(now.step(), options.steps(), loss.loss(), made.gradNorm(), made.learningRate(), loss.tokens(),
        (System.nanoTime() - started) / 1e9, made.skipped(), stats.live(), stats.nativeObjects(), ProcessMemory.resident(),
        device.memory().peak(), loss.figures()));
  }

  /// Every `evalEvery` steps and after the last one.
  public boolean evalIsDue() {
    return isLast() || due(options.evalEvery());
  }

  /// Every `saveEvery` steps, after the last one, and if the hooks ask to stop, which ends the loop.
  public boolean saveIsDue() {
    stopped = hooks.stop().getAsBoolean();
    return isLast() || stopped || due(options.saveEvery());
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
