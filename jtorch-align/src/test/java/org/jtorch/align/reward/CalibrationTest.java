package org.jtorch.align.reward;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.List;
import org.jtorch.align.chats.PreferenceLevel;
import org.jtorch.data.TokenRow;
import org.junit.jupiter.api.Test;

class CalibrationTest {
  private static double lead(double certainty) {
    return Math.log(certainty / (1 - certainty));
  }

  @Test void certaintyStandsBesideTruth() {
    // two bins, [0.5, 0.75) and [0.75, 1]: 0.6 and 0.7 of which the first is right, 0.9 three times of which two are right
    var calibration = Calibration.of(new double[] {lead(0.6), -lead(0.7), lead(0.9), lead(0.9), -lead(0.9)}, 2);
    assertThat(calibration.bins()).hasSize(2);
    assertThat(calibration.bins().getFirst().certainty()).isCloseTo(0.65, within(1e-12));
    assertThat(calibration.bins().getFirst().right()).isEqualTo(0.5);
    assertThat(calibration.bins().getLast().pairs()).isEqualTo(3);
    // (2 * |0.65 - 0.5| + 3 * |0.9 - 2/3|) / 5 = (0.3 + 0.7) / 5
    assertThat(calibration.error()).isCloseTo(0.2, within(1e-12));
    assertThat(Calibration.of(new double[] {lead(0.9)}, 5).bins()).as("bins without pairs are left out").hasSize(1);
    assertThat(Calibration.of(new double[0], 5).error()).isNaN();
    assertThatThrownBy(() -> Calibration.of(new double[0], 0)).hasMessageContaining("`bins` must be >= 1");
  }

  @Test void scoresOfAnswersAreTheSharesOfTheirPairs() {
    var answers = List.of(new RankedRows.Answer(TokenRow.of(new long[] {1}, new long[] {2}), null),
        new RankedRows.Answer(TokenRow.of(new long[] {1}, new long[] {3}), null),
        new RankedRows.Answer(TokenRow.of(new long[] {1}, new long[] {4}), null));
    var rankings = List.of(new RankedRows(answers, PreferenceLevel.BETTER, Double.NaN), new RankedRows(answers.subList(0, 2), null, Double.NaN));
    // 3 > 2, 3 > 1 and 2 > 1 but the second is 1 and the third 2: two of three right; then 0 > 1 is wrong: two of four
    assertThat(RankingAccuracy.of(rankings, new double[] {3, 1, 2, 0, 1})).isCloseTo(0.5, within(1e-12));
  }
}
