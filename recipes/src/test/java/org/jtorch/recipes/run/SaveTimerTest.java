package org.jtorch.recipes.run;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

class SaveTimerTest {
  private static final long MINUTE = 60_000_000_000L;

  private final AtomicLong clock = new AtomicLong(-5);

  @Test void isDueSoManyMinutesAfterTheLastSave() {
    var timer = new SaveTimer(1.5, clock::get);
    clock.addAndGet(MINUTE * 3 / 2 - 1);
    assertThat(timer.isDue()).isFalse();
    clock.addAndGet(1);
    assertThat(timer.isDue()).isTrue();
    assertThat(timer.isDue()).as("until it is saved").isTrue();
    timer.saved();
    assertThat(timer.isDue()).isFalse();
    clock.addAndGet(MINUTE * 3 / 2);
    assertThat(timer.isDue()).isTrue();
  }

  @Test void zeroMinutesAreNever() {
    var timer = new SaveTimer(0, clock::get);
    clock.addAndGet(1000 * MINUTE);
    assertThat(timer.isDue()).isFalse();
  }
}
