package org.jtorch.observe;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import org.junit.jupiter.api.Test;

class PaceTest {
  private final Events.Clock clock = new Events.Clock();
  private final Pace pace = new Pace(clock::nanos);

  @Test
  void knowsNothingBeforeTheFirstStep() {
    pace.started(Events.start(10, 0));
    assertThat(pace.tokensPerSecond()).isZero();
    assertThat(pace.secondsLeft()).isNaN();
  }

  @Test
  void rateIsWeightedTowardsTheLastSteps() {
    pace.started(Events.start(100, 0));
    pace.stepped(Events.step(1, 100, 1000, 1.0));
    assertThat(pace.tokensPerSecond()).isEqualTo(1000);
    pace.stepped(Events.step(2, 100, 1000, 0.5));
    // (0.9 * 1000 + 1000) / (0.9 * 1.0 + 0.5)
    assertThat(pace.tokensPerSecond()).isCloseTo(1900 / 1.4, within(1e-9));
    for (int i = 3; i < 100; i++) {
      pace.stepped(Events.step(i, 100, 1000, 0.5));
    }
    assertThat(pace.tokensPerSecond()).isCloseTo(2000, within(0.5));
  }

  @Test
  void fractionOfPeakIsFlopsInUseOverMeasuredFlops() {
    pace.started(Events.start(100, 0));
    pace.stepped(Events.step(1, 100, 1000, 0.5));
    // 2000 tokens/s * 6e6 FLOP/token = 12e9 of 24e9
    assertThat(pace.peakFraction()).isCloseTo(0.5, within(1e-12));
    pace.started(new RunStart("tiny", 100, 0, 1, 6e6, 0));
    pace.stepped(Events.step(1, 100, 1000, 0.5));
    assertThat(pace.peakFraction()).isNaN();
  }

  @Test
  void timeLeftCountsWhatHappensBetweenSteps() {
    pace.started(Events.start(10, 0));
    clock.advance(30);
    pace.stepped(Events.step(1, 10, 1000, 0.5));
    assertThat(pace.secondsLeft()).as("from the step alone").isCloseTo(4.5, within(1e-9));
    clock.advance(0.5);
    pace.stepped(Events.step(2, 10, 1000, 0.5));
    clock.advance(3.5); // 0.5 s of step, 3 s of evaluation
    pace.stepped(Events.step(3, 10, 1000, 0.5));
    assertThat(pace.secondsLeft()).as("7 steps at 4 s per 2").isCloseTo(14, within(1e-9));
  }

  @Test
  void resumedRunCountsFromItsOwnFirstStep() {
    pace.started(Events.start(1000, 900));
    pace.stepped(Events.step(901, 1000, 1000, 1));
    clock.advance(2);
    pace.stepped(Events.step(902, 1000, 1000, 1));
    assertThat(pace.secondsLeft()).isCloseTo(98 * 2, within(1e-9));
  }
}
