package org.jtorch.text;

import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.jtorch.io.DataException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class LongRunsTest {
  @ParameterizedTest
  @CsvSource({"' ', a", "x, 1", "\u6F22, 1", "7, a", "-, a", "\uD83E\uDD8A, a"})
  void aRunThatIsTooLongIsRefusedWithItsPlace(String unit, String other) {
    String run = other + " " + other + unit.repeat(LongRuns.LONGEST / unit.length());
    assertThatCode(() -> LongRuns.check(run + other + " " + other)).doesNotThrowAnyException();
    assertThatThrownBy(() -> LongRuns.check(run + unit + other)).isInstanceOf(DataException.class)
        .hasMessageContaining("from character 3 on").hasMessageContaining("at most 4000000");
  }

  @Test
  void aBookHasNone() {
    assertThatCode(() -> LongRuns.check("A word, and another. ".repeat(300_000))).doesNotThrowAnyException();
  }
}
