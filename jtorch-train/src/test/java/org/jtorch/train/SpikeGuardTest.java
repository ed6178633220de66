package org.jtorch.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class SpikeGuardTest {
  private static SpikeGuard calm(int good) {
    var guard = new SpikeGuard(new SpikeGuard.Options(8, 6, 3));
    for (int i = 0; i < good; i++) {
      assertThat(guard.accept(2, i % 2 == 0 ? 0.9 : 1.1)).isTrue();
    }
    return guard;
  }

  @Test void refusesWhatStandsFarAboveTheRecentNorms() {
    var guard = calm(8);                                     // mean 1, deviation 0.1: the bound is 1.6
    assertThat(guard.accept(2, 1.61)).isFalse();
    assertThat(guard.accept(2, 1.59)).isTrue();
  }

  @Test void aSpikeIsNotRemembered() {
    var guard = calm(8);
    var before = guard.state().subList(1, 9);
    assertThat(guard.accept(2, 100)).isFalse();
    assertThat(guard.state().subList(1, 9)).isEqualTo(before);
    assertThat(guard.state().getFirst()).isEqualTo(1);
  }

  @Test void acceptsAnythingFiniteUntilHalfTheWindowIsFull() {
    assertThat(calm(3).accept(2, 1e6)).isTrue();
    assertThat(calm(4).accept(2, 1e6)).isFalse();
  }

  @Test void equalNormsLeaveRoomForFivePercentEach() {
    var guard = new SpikeGuard(new SpikeGuard.Options(4, 6, 3));
    for (int i = 0; i < 4; i++) {
      assertThat(guard.accept(2, 1)).isTrue();
    }
    assertThat(guard.accept(2, 1.31)).isFalse();
    assertThat(guard.accept(2, 1.29)).isTrue();
  }

  @ParameterizedTest @CsvSource({"NaN, 1", "1, NaN", "Infinity, 1", "1, Infinity"})
  void refusesWhatIsNotFinite(double loss, double norm) {
    assertThat(new SpikeGuard(new SpikeGuard.Options(0, 6, 9)).accept(loss, norm)).isFalse();
  }

  @Test void aGoodStepForgivesTheOnesBefore() {
    var guard = calm(8);
    for (int i = 0; i < 5; i++) {
      assertThat(guard.accept(Double.NaN, 1)).isFalse();
      assertThat(guard.accept(2, 9)).isFalse();
      assertThat(guard.accept(2, 1)).isTrue();
    }
    assertThat(guard.accept(Double.NaN, 1)).isFalse();
    assertThat(guard.accept(Double.NaN, 1)).isFalse();
    assertThatThrownBy(() -> guard.accept(Double.NaN, 1)).isInstanceOf(DivergedException.class);
  }

  @Test void restoredStateDecidesTheSame() {
    var guard = calm(7);
    assertThat(guard.accept(Double.NaN, 1)).isFalse();
    assertThat(guard.accept(Double.NaN, 1)).isFalse();
    var other = new SpikeGuard(new SpikeGuard.Options(8, 6, 3));
    other.restore(guard.state());
    assertThat(other.state()).isEqualTo(guard.state());
    assertThatThrownBy(() -> other.accept(2, 50)).isInstanceOf(DivergedException.class);
    other.restore(List.of());
    assertThat(other.state()).containsExactly(0.0);
  }

  @ParameterizedTest @CsvSource({"-1, 6, 3", "8, 0, 3", "8, 6, 0"})
  void refusesOptionsOutOfRange(int window, double sigmas, int patience) {
    assertThatIllegalArgumentException().isThrownBy(() -> new SpikeGuard.Options(window, sigmas, patience))
        .withMessageContaining("patience");
  }
}
