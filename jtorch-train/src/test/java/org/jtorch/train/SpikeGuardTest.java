package org.jtorch.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import org.jtorch.io.JsonFile;
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
    var before = guard.facts().get("norms");
    assertThat(guard.accept(2, 100)).isFalse();
    assertThat(guard.facts().get("norms")).isEqualTo(before);
    assertThat(guard.facts().get("refused")).hasSize(1);
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

  /// Norms ten times as high as before, for good: two more steps are left out, then this is the level.
  @Test void normsThatStayHighAreTheNewLevel() {
    var guard = calm(8);
    assertThat(guard.accept(2, 10)).isFalse();
    assertThat(guard.accept(2, 11)).isFalse();
    assertThat(guard.hasLearnt()).isFalse();
    assertThat(guard.accept(2, 10)).isTrue();
    assertThat(guard.hasLearnt()).isTrue();
    for (int i = 0; i < 100; i++) {
      assertThat(guard.accept(2, i % 2 == 0 ? 10 : 11)).isTrue();
    }
    assertThat(guard.accept(2, 100)).as("a spike above the new level").isFalse();
    assertThat(guard.accept(2, 10)).isTrue();
  }

  @Test void aBrokenBatchAmongHighNormsDoesNotEndTheRun() {
    var guard = calm(8);
    assertThat(guard.accept(2, 10)).isFalse();
    assertThat(guard.accept(2, 11)).isFalse();
    assertThat(guard.accept(Double.NaN, 10)).as("learnt, but no update of this batch").isFalse();
    assertThat(guard.accept(2, 12)).isTrue();
  }

  @Test void aLevelThatRisesAgainAndAgainHasDiverged() {
    var guard = calm(8);
    double norm = 10;
    for (int rise = 1; rise < SpikeGuard.MOST_RISES; rise++, norm *= 100) {
      assertThat(guard.accept(2, norm)).isFalse();
      assertThat(guard.accept(2, norm)).isFalse();
      assertThat(guard.accept(2, norm)).isTrue();
      assertThat(guard.accept(2, norm)).isTrue();
    }
    assertThat(guard.accept(2, norm)).isFalse();
    assertThat(guard.accept(2, norm)).isFalse();
    double last = norm;
    assertThatThrownBy(() -> guard.accept(2, last)).isInstanceOf(DivergedException.class)
        .hasMessageContaining("rose to a new level 3 times").hasMessageContaining("learning rate");
  }

  @Test void risesFarApartAreForgiven() {
    var guard = calm(8);
    double norm = 1;
    for (int rise = 0; rise < 5; rise++) {
      norm *= 10;
      assertThat(guard.accept(2, norm)).isFalse();
      assertThat(guard.accept(2, norm)).isFalse();
      for (int good = 0; good < 9; good++) {
        assertThat(guard.accept(2, norm)).isTrue();
      }
    }
  }

  @Test void restoredStateDecidesTheSame() {
    var guard = calm(7);
    assertThat(guard.accept(Double.NaN, 1)).isFalse();
    assertThat(guard.accept(Double.NaN, 1)).isFalse();
    var other = new SpikeGuard(new SpikeGuard.Options(8, 6, 3));
    other.restore(JsonFile.of(Path.of("spike_guard.json"), guard.facts()));
    assertThat(other.facts()).isEqualTo(guard.facts());
    assertThatThrownBy(() -> other.accept(2, 50)).isInstanceOf(DivergedException.class).hasMessageContaining("3 steps in a row");
  }

  @ParameterizedTest @CsvSource({"-1, 6, 3, window", "8, 0, 3, sigmas", "8, NaN, 3, sigmas", "8, 6, 0, patience"})
  void refusesOptionsOutOfRange(int window, double sigmas, int patience, String key) {
    assertThatIllegalArgumentException().isThrownBy(() -> new SpikeGuard.Options(window, sigmas, patience))
        .withMessageContaining("`" + key + "`");
  }
}
