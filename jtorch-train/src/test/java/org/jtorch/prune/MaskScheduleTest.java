package org.jtorch.prune;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.within;

import org.junit.jupiter.api.Test;

class MaskScheduleTest {
  @Test void theTargetFallsOverAFifthOfTheSteps() {
    var schedule = new MaskSchedule(100, 1_536, 512);
    assertThat(schedule.target(0)).isEqualTo(1_536);
    assertThat(schedule.target(10)).isCloseTo(1_024, within(1e-9));
    assertThat(schedule.target(20)).isEqualTo(512);
    assertThat(schedule.target(100)).isEqualTo(512);
  }

  /// 1 → 0.05: the root of 0.05 half way.
  @Test void epsilonFallsByTheSameFactorEveryStep() {
    var schedule = new MaskSchedule(100, 8, 4);
    assertThat(schedule.epsilon(0)).isEqualTo(1);
    assertThat(schedule.epsilon(50)).isCloseTo(0.2236067977, within(1e-9));
    assertThat(schedule.epsilon(100)).isCloseTo(0.05, within(1e-12));
    assertThat(schedule.epsilon(200)).isCloseTo(0.05, within(1e-12));
  }

  @Test void withoutWarmupTheTargetIsThereAtOnce() {
    assertThat(new MaskSchedule(10, 8, 4, 0, 1, 1).target(0)).isEqualTo(4);
  }

  @Test void settingsAreChecked() {
    assertThatIllegalArgumentException().isThrownBy(() -> new MaskSchedule(0, 8, 4)).withMessageContaining("`steps` must be 1 or above");
    assertThatIllegalArgumentException().isThrownBy(() -> new MaskSchedule(10, 8, 9))
        .withMessage("`hidden` must be from 1 to the width of the feed-forward layers (8) but was 9; 2 is an example");
    assertThatIllegalArgumentException().isThrownBy(() -> new MaskSchedule(10, 8, 4, 1.5, 1, 0.05)).withMessageContaining("`warmup`");
    assertThatIllegalArgumentException().isThrownBy(() -> new MaskSchedule(10, 8, 4, 0.2, 0.01, 0.05)).withMessageContaining("`epsilon_start`");
    assertThatIllegalArgumentException().isThrownBy(() -> new MaskSchedule(10, 8, 4, 0.2, 1, 0)).withMessageContaining("`epsilon_end`");
  }
}
