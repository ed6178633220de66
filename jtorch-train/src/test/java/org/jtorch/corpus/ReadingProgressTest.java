package org.jtorch.corpus;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class ReadingProgressTest {
  private final List<String> notes = new ArrayList<>();
  private long seconds;

  private ReadingProgress progress(long total, long begun) {
    return new ReadingProgress("encoding web", total, begun, notes::add, () -> seconds * 1_000_000_000);
  }

  @Test void everyTenSecondsRateAndTimeLeft() {
    var progress = progress(1_000_000_000, 0);
    for (seconds = 1; seconds <= 25; seconds++) {
      progress.at(seconds * 10_000_000);
    }
    assertThat(notes).containsExactly("encoding web: 100.0 MB of 1.0 GB (10%), 10.0 MB/s, 1m 30s left",
        "encoding web: 200.0 MB of 1.0 GB (20%), 10.0 MB/s, 1m 20s left");
  }

  @Test void whatAnEarlierProcessReadIsNotItsRate() {
    var progress = progress(1_000_000_000, 600_000_000);
    seconds = 10;
    progress.at(700_000_000);
    assertThat(notes).containsExactly("encoding web: 700.0 MB of 1.0 GB (70%), 10.0 MB/s, 30s left");
  }

  @Test void withoutASizeThereIsNoTimeLeft() {
    var progress = progress(0, 0);
    seconds = 20;
    progress.at(40_000_000);
    assertThat(notes).containsExactly("encoding web: 40.0 MB, 2.0 MB/s");
  }
}
