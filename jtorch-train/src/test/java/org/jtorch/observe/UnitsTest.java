package org.jtorch.observe;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class UnitsTest {
  @ParameterizedTest
  @CsvSource({"0, 0", "7, 7", "999, 999", "12.34, 12.3", "999.7, 1.0k", "1234, 1.2k", "12400, 12.4k", "124000, 124k",
      "1500000, 1.5M", "7.2e9, 7.2B", "15e12, 15.0T", "3e15, 3000T"})
  void countsHaveThreeDigitsOrSo(double value, String text) {
    assertThat(Units.count(value)).isEqualTo(text);
  }

  @ParameterizedTest
  @CsvSource({"0.85, 850ms", "4.2, 4.2s", "42, 42s", "59.97, 1m 0s", "200, 3m 20s", "3599.7, 1h 0m", "4980, 1h 23m",
      "187200, 2d 4h", "NaN, ?", "-1, ?", "Infinity, ?"})
  void timesHaveTwoUnits(double seconds, String text) {
    assertThat(Units.time(seconds)).isEqualTo(text);
  }

  @ParameterizedTest
  @CsvSource({"512, 512 B", "1500000000, 1.5 GB", "999700, 1.0 MB"})
  void bytesAreDecimal(long bytes, String text) {
    assertThat(Units.bytes(bytes)).isEqualTo(text);
  }
}
