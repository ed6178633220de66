package org.jtorch.examples;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class TrainingLoopTest {
  @Test void learnsToCount() {
    assertThat(TrainingLoop.train(40)).isLessThan(0.5);      // a guess costs ln 64 = 4.16
  }
}
