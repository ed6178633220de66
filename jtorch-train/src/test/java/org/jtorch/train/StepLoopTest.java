package org.jtorch.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Objects;
import org.jtorch.data.Batch;
import org.jtorch.data.Collator;
import org.jtorch.data.TokenRow;
import org.jtorch.io.DataException;
import org.jtorch.observe.EvalEvent;
import org.jtorch.observe.StepEvent;
import org.jtorch.observe.StepListener;
import org.jtorch.tensor.Device;
import org.junit.jupiter.api.Test;

/// The parts of a training loop, without a model.
class StepLoopTest {
  private static final StepUpdate.Made MADE = new StepUpdate.Made(1.5, 3e-4, false, false);

  private final List<String> done = new ArrayList<>();
  private final PretrainerTest.Recorder recorder = new PretrainerTest.Recorder();

  private EvalEvent evaluate(long step) {
    done.add("eval " + step);
    return Tiny.noScore(step);
  }

  private void save(Progress now) {
    done.add("save " + now.step());
  }

  private void run(StepLoop loop) {
    loop.evaluateIfDue();
    while (loop.goesOn()) {
      var figures = new LinkedHashMap<String, Double>();
      figures.put("reward", (double) loop.step());
      loop.count(new StepLoss(2, 10, figures), MADE);
      loop.saveIfDue();
      loop.evaluateIfDue();
    }
  }

  @Test void countsReportsSavesAndThenValidates() {
    var hooks = new Hooks(this::evaluate, this::save, () -> false);
    var loop = new StepLoop(Tiny.options(7).withEvery(3, 2), new Progress(1, 100, 9), recorder, hooks, Device.CPU);
    run(loop);
    assertThat(done).containsExactly("save 2", "eval 3", "save 4", "save 6", "eval 6", "save 7", "eval 7");
    assertThat(loop.result()).isEqualTo(new StepLoop.Result(new Progress(7, 160, 2), true));
    assertThat(recorder.steps).extracting(StepEvent::step).containsExactly(2L, 3L, 4L, 5L, 6L, 7L);
    assertThat(recorder.steps).allMatch(s -> s.figures().getOrDefault("reward", -1.0) == s.step() - 1 && s.gradNorm() == 1.5
        && s.totalSteps() == 7);
    assertThat(recorder.notes).isEmpty();
  }

  /// A process that ended between a save and the validation of the same step.
  @Test void theNextProcessMakesUpForTheValidation() {
    var hooks = new Hooks(this::evaluate, this::save, () -> false);
    run(new StepLoop(Tiny.options(7).withEvery(3, 3), new Progress(6, 100, 9), recorder, hooks, Device.CPU));
    assertThat(done).containsExactly("eval 6", "save 7", "eval 7");
    done.clear();
    run(new StepLoop(Tiny.options(7).withEvery(3, 3), new Progress(7, 100, 9), recorder, hooks, Device.CPU));
    assertThat(done).containsExactly("eval 7");
  }

  @Test void aStopSavesAndEndsItWithoutAValidation() {
    var hooks = new Hooks(this::evaluate, this::save, () -> true);
    var loop = new StepLoop(Tiny.options(7).withEvery(1, 0), Progress.START, recorder, hooks, Device.CPU);
    run(loop);
    assertThat(done).containsExactly("eval 0", "save 1");
    assertThat(loop.result()).isEqualTo(new StepLoop.Result(new Progress(1, 10, 2), false));
    done.clear();
    run(new StepLoop(Tiny.options(1), Progress.START, recorder, hooks, Device.CPU));
    assertThat(done).as("a stop after the last step changes nothing").containsExactly("eval 0", "save 1", "eval 1");
  }

  @Test void aRequestToSaveDoesNotEndIt() {
    var hooks = new Hooks(this::evaluate, this::save, () -> recorder.steps.size() % 2 == 0 ? Hooks.Request.SAVE : Hooks.Request.GO_ON);
    run(new StepLoop(Tiny.options(5), Progress.START, recorder, hooks, Device.CPU));
    assertThat(done).containsExactly("eval 0", "save 2", "save 4", "save 5", "eval 5");
  }

  @Test void aValidationThatFailsIsANote() {
    var hooks = new Hooks(step -> {
      throw new DataException("held-out text is gone at " + step);
    }, this::save, () -> false);
    run(new StepLoop(Tiny.options(4).withEvery(2, 2), Progress.START, recorder, hooks, Device.CPU));
    assertThat(done).containsExactly("save 2", "save 4");
    assertThat(recorder.notes).containsExactly("step 0 is not validated: held-out text is gone at 0",
        "step 2 is not validated: held-out text is gone at 2", "step 4 is not validated: held-out text is gone at 4");
  }

  @Test void aLogThatFailsEndsTheRunWithItsStateSaved() {
    var fullDisk = new StepListener() {
      @Override public void onStep(StepEvent step) {
        if (step.step() == 3) {
          throw new DataException("metrics.jsonl: No space left on device");
        }
      }
    };
    var loop = new StepLoop(Tiny.options(7), Progress.START, fullDisk, new Hooks(this::evaluate, this::save, () -> false), Device.CPU);
    assertThatThrownBy(() -> run(loop)).isInstanceOf(DataException.class).hasMessage("metrics.jsonl: No space left on device");
    assertThat(done).containsExactly("eval 0", "save 3");
    var noRoom = new Hooks(this::evaluate, _ -> {
      throw new DataException("step-00000003: No space left on device");
    }, () -> false);
    assertThatThrownBy(() -> run(new StepLoop(Tiny.options(7), Progress.START, fullDisk, noRoom, Device.CPU)))
        .hasMessage("metrics.jsonl: No space left on device").satisfies(e -> assertThat(e.getSuppressed()).singleElement()
            .extracting(Throwable::getMessage).isEqualTo("step-00000003: No space left on device"));
  }

  @Test void aStepWithoutAnUpdateIsNoted() {
    var loop = new StepLoop(Tiny.options(7), Progress.START, recorder, Tiny.NO_HOOKS, Device.CPU);
    loop.count(new StepLoss(Double.NaN, 10), new StepUpdate.Made(Double.NaN, 1e-3, true, false));
    assertThat(recorder.notes).containsExactly("step 1 left out: loss NaN, gradient norm NaN");
    assertThat(recorder.steps).allMatch(StepEvent::skipped);
    loop.count(new StepLoss(2, 10), new StepUpdate.Made(7.5, 1e-3, false, true));
    assertThat(recorder.notes.getLast()).isEqualTo("step 2: gradient norms stay as high as 7.5; that is their level from here on");
  }

  /// Weights of 2 and 1 against the same rows twice and once.
  @Test void aTokenOfWeightTwoCountsAsTwoTokens() {
    long[] a = {1, 2, 3, 4, 5};
    long[] b = {9, 8, 7, 6, 5};
    var collator = new Collator(4, 4);
    Batch weighted = collator.batch(List.of(TokenRow.of(a).times(2), TokenRow.of(b)));
    Batch repeated = collator.batch(List.of(TokenRow.of(a), TokenRow.of(a), TokenRow.of(b)));
    assertThat(Objects.requireNonNull(weighted.weights())).contains(2, 1);
    var one = Tiny.gradients(Tiny.options(1), weighted);
    var other = Tiny.gradients(Tiny.options(1), repeated);
    assertThat(one.loss()).isCloseTo(other.loss(), within(1e-6));
    assertThat(one.distance(other)).isLessThan(2e-6);
    var split = Tiny.gradients(Tiny.options(1).withAccumulate(2), weighted);
    assertThat(split.distance(one)).isLessThan(2e-6);
    assertThat(weighted.totalWeight()).isEqualTo(12);
  }
}
