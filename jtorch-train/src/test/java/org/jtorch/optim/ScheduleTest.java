package org.jtorch.optim;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ScheduleTest {
  /// The Llama 3 405B run: peak 8e-5, 8,000 steps of warm-up, 1.2 million steps, down to 1%.
  @ParameterizedTest
  @CsvSource({"0, 0", "4000, 4e-5", "8000, 8e-5", "604000, 4.04e-5", "1200000, 8e-7", "2000000, 8e-7"})
  void cosineOfLlama(long step, double expected) {
    assertThat(8e-5 * new Schedule.Cosine(8000, 1_200_000, 0.01).at(step)).isCloseTo(expected, within(1e-15));
  }

  @Test void linearKeepsItsFloor() {
    var linear = new Schedule.Linear(0, 10, 0.2);
    assertThat(linear.at(0)).isEqualTo(1);
    assertThat(linear.at(5)).isCloseTo(0.6, within(1e-15));
    assertThat(linear.at(10)).isEqualTo(0.2);
    assertThat(linear.at(11)).isEqualTo(0.2);
  }

  @Test void wsdWithoutWarmupOrDecay() {
    var schedule = new Schedule.Wsd(0, 5, 0, Schedule.Shape.ONE_MINUS_SQRT, 0.1);
    assertThat(schedule.at(0)).isEqualTo(1);
    assertThat(schedule.at(4)).isEqualTo(1);
    assertThat(schedule.at(5)).isCloseTo(0.1, within(1e-15));
  }

  @Test void warmupAsLongAsTheRun() {
    var schedule = new Schedule.Cosine(4, 4, 0.1);
    assertThat(schedule.at(3)).isEqualTo(0.75);
    assertThat(schedule.at(4)).isCloseTo(0.1, within(1e-15));
  }

  @Test void messagesNameSettingAndValue() {
    assertThatThrownBy(() -> new Schedule.Cosine(100, 50, 0)).isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("steps is 50").hasMessageContaining("warmup (100)").hasMessageContaining("1000");
    assertThatThrownBy(() -> new Schedule.Linear(0, 50, 3e-5 / 3e-6)).isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("floor is 10.0").hasMessageContaining("fraction of the peak");
    assertThatThrownBy(() -> new Schedule.Constant(-1)).isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("warmup is -1");
    assertThatThrownBy(() -> new Schedule.Constant(0).at(-1)).hasNoCause();
  }
}
