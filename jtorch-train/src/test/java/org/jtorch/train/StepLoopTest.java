package org.jtorch.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Objects;
import org.jtorch.data.Batch;
import org.jtorch.data.Collator;
import org.jtorch.data.TokenRow;
import org.jtorch.observe.StepEvent;
import org.jtorch.tensor.Device;
import org.junit.jupiter.api.Test;

/// The parts of a training loop, without a model.
class StepLoopTest {
  private static final StepUpdate.Made MADE = new StepUpdate.Made(1.5, 3e-4, false);

  @Test void countsReportsAndSaysWhatIsDue() {
    var recorder = new PretrainerTest.Recorder();
    var done = new ArrayList<String>();
    var hooks = new Hooks(Tiny::noScore, _ -> {}, () -> false);
    var loop = new StepLoop(Tiny.options(7).withEvery(3, 2), new Progress(1, 100, 9), recorder, hooks, Device.CPU);
    while (loop.goesOn()) {
      var figures = new LinkedHashMap<String, Double>();
      figures.put("reward", (double) loop.step());
      loop.count(new StepLoss(2, 10, figures), MADE);
      if (loop.evalIsDue()) {
        done.add("eval " + loop.step());
      }
      if (loop.saveIsDue()) {
        done.add("save " + loop.now().step());
      }
    }
    assertThat(done).containsExactly("save 2", "eval 3", "save 4", "eval 6", "save 6", "eval 7", "save 7");
    assertThat(loop.result()).isEqualTo(new StepLoop.Result(new Progress(7, 160, 2), true));
    assertThat(recorder.steps).extracting(StepEvent::step).containsExactly(2L, 3L, 4L, 5L, 6L, 7L);
    assertThat(recorder.steps).allMatch(s -> s.figures().getOrDefault("reward", -1.0) == s.step() - 1 && s.gradNorm() == 1.5
        && s.totalSteps() == 7);
    assertThat(recorder.notes).isEmpty();
  }

  @Test void aStopSavesAndEndsIt() {
    var loop = new StepLoop(Tiny.options(7), Progress.START, new PretrainerTest.Recorder(), new Hooks(Tiny::noScore, _ -> {}, () -> true),
        Device.CPU);
    assertThat(loop.goesOn()).isTrue();
    loop.count(new StepLoss(2, 10), MADE);
    assertThat(loop.saveIsDue()).isTrue();
    assertThat(loop.goesOn()).isFalse();
    assertThat(loop.result()).isEqualTo(new StepLoop.Result(new Progress(1, 10, 2), false));
  }

  @Test void aStepWithoutAnUpdateIsNoted() {
    var recorder = new PretrainerTest.Recorder();
    var loop = new StepLoop(Tiny.options(7), Progress.START, recorder, Tiny.NO_HOOKS, Device.CPU);
    loop.count(new StepLoss(Double.NaN, 10), new StepUpdate.Made(Double.NaN, 1e-3, true));
    assertThat(recorder.notes).containsExactly("step 1 left out: loss NaN, gradient norm NaN");
    assertThat(recorder.steps).allMatch(StepEvent::skipped);
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
