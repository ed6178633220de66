package org.jtorch.observe;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class BusyWatchTest {
  private static final String MACHINE = "cpu  100 5 20 1000 7 3 2 40 9 1\ncpu0 50 2 10 500 3 2 1 20 9 1\ncpu1 50 3 10 500 4 1 1 20 0 0\nintr 5\n";
  private static final String PROCESS = "42 (a (strange) name) S 1 1 1 0 -1 4194304 97 0 0 0 61 9 0 0 20 0 1 0 169040 3133440";

  private final List<String> notes = new ArrayList<>();
  private long seconds;
  private @Nullable ProcessorTime now;

  private final BusyWatch watch = new BusyWatch(() -> now, () -> seconds * 1_000_000_000L, 2, notes::add);

  private void step(long second, @Nullable ProcessorTime reading) {
    seconds = second;
    now = reading;
    watch.onStep(new StepEvent(1, 10, 1, 1, 1, 1, 1, false, 0, 0, 0));
  }

  private static ProcessorTime at(long second, double others, double own) {
    long busy = Math.round(second * 100 * (others + own));
    return new ProcessorTime(2, second * 200, busy, Math.round(second * 100 * own));
  }

  @Test void ticksAreTakenFromTheKernelsText() {
    var time = ProcessorTime.parse(MACHINE, PROCESS);
    assertThat(time).isEqualTo(new ProcessorTime(2, 1177, 1177 - 1007, 70));
  }

  @Test void othersAreWhatIsBusyAndNotOurs() {
    assertThat(at(10, 0.7, 1.2).othersSince(at(0, 0, 0))).isEqualTo(0.7);
    assertThat(at(10, 0, 2).othersSince(at(0, 0, 0))).isZero();
    assertThat(at(0, 1, 1).othersSince(at(0, 0, 0))).isZero();
  }

  @Test void coresThatNobodyWantsMayBeBusy() {
    var before = new ProcessorTime(64, 0, 0, 0);
    var after = new ProcessorTime(64, 6_400, 3_800, 800);              // one second: others on 30 cores, we on 8
    assertThat(after.missingSince(before, 8)).isZero();
    assertThat(after.missingSince(before, 36)).isEqualTo(2);
  }

  @Test void saysItOnceInAWhile() {
    now = at(0, 0, 0);
    watch.onStart(new RunStart("x", 10, 0, 1, 1, 1));
    step(5, at(5, 1, 1));
    assertThat(notes).isEmpty();                                        // too soon to look
    step(12, at(12, 1, 1));
    assertThat(notes).containsExactly("other processes take 1.0 of this machine's 2 cores, and this one works with 2 threads:"
        + " it is slower than it would be alone");
    step(24, at(24, 1, 1));
    step(500, at(500, 1, 1));
    assertThat(notes).hasSize(1);
    step(620, at(620, 1, 1));
    assertThat(notes).hasSize(2);
  }

  @Test void aQuietMachineIsNotWorthAWord() {
    now = at(0, 0, 0);
    watch.onStart(new RunStart("x", 10, 0, 1, 1, 1));
    step(20, at(20, 0.3, 1.7));
    step(40, null);
    step(60, at(60, 0.3, 1.7));
    assertThat(notes).isEmpty();
  }

  @Test void thisMachineTells() {
    var before = ProcessorTime.now();
    if (before != null) {                                               // needs /proc
      assertThat(before.cores()).isPositive();
      assertThat(before.all()).isGreaterThanOrEqualTo(before.busy());
      assertThat(before.busy()).isGreaterThanOrEqualTo(before.own());
    }
  }
}
