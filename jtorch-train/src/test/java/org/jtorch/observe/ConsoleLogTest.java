package org.jtorch.observe;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import org.junit.jupiter.api.Test;

class ConsoleLogTest {
  private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();
  private final PrintStream out = new PrintStream(bytes, false, StandardCharsets.UTF_8);
  private final Events.Clock clock = new Events.Clock();

  private ConsoleLog log(boolean terminal) {
    return new ConsoleLog(out, terminal, clock::nanos);
  }

  private String text() {
    out.flush();
    return bytes.toString(StandardCharsets.UTF_8);
  }

  private static long redraws(String text) {
    return text.chars().filter(c -> c == '\r').count();
  }

  @Test
  void lineTellsStepLossRatePeakAndTimeLeft() {
    var log = log(false);
    log.onStart(Events.start(100, 0));
    log.onStep(Events.step(1, 100));
    assertThat(text().lines().toList()).containsExactly(
        "tiny: 1.2M parameters, 100 steps, peak 24 GFLOP/s",
        "step   1/100 [......................]   1% loss 10.0000  2.0k tok/s  50.0% of peak  eta 50s");
  }

  @Test
  void unknownPeakIsLeftOut() {
    var log = log(false);
    log.onStart(new RunStart("tiny", 10, 4, 10, 0, 0));
    log.onStep(Events.step(5, 10));
    assertThat(text()).contains("10 steps, resumed after step 4").doesNotContain("peak");
  }

  @Test
  void memoryOfADeviceIsShown() {
    var log = log(false);
    log.onStart(Events.start(10, 0));
    log.onStep(new StepEvent(1, 10, 2, 1, 1, 100, 1, false, 0, 0, 0, 12L << 30, new java.util.LinkedHashMap<>()));
    assertThat(text()).contains("  12.9 GB  eta");
  }

  @Test
  void terminalRedrawsAtMostTenTimesASecond() {
    var log = log(true);
    log.onStart(Events.start(1000, 0));
    for (int step = 1; step <= 100; step++) {
      log.onStep(Events.step(step, 1000));
      clock.advance(0.01);
    }
    assertThat(redraws(text())).isEqualTo(10);
    assertThat(text()).contains("█").doesNotContain("step  100/");
  }

  @Test
  void terminalLineIsNeverWiderThanAHundredColumns() {
    var log = log(true);
    log.onStart(Events.start(1_000_000, 0));
    log.onStep(new StepEvent(
        999_999, 1_000_000, 12345.6789, 1, 1, 123_456_789, 1000, true, 0, 0, 0));
    String line = text().substring(text().lastIndexOf('\r') + 1).replace("\u001b[K", "");
    assertThat(line).contains("(skipped)").hasSizeLessThanOrEqualTo(100);
  }

  @Test
  void lastStepIsAlwaysDrawnAndTheEndStartsANewLine() {
    var log = log(true);
    log.onStart(Events.start(2, 0));
    log.onStep(Events.step(1, 2));
    log.onStep(Events.step(2, 2));
    log.onEnd(new RunEnd("finished", 61));
    assertThat(text()).contains("step 2/2").contains("100%").endsWith("\u001b[K\nfinished after 1m 1s\n");
  }

  @Test
  void stoppedRunShowsTheStepItStoppedAt() {
    var log = log(true);
    log.onStart(Events.start(9, 0));
    log.onStep(Events.step(1, 9));
    log.onStep(Events.step(2, 9));
    log.onEnd(new RunEnd("stopped", 1));
    assertThat(text()).contains("step 2/9");
  }

  @Test
  void notesAndEvaluationsTakeLinesOfTheirOwn() {
    var log = log(true);
    log.onStart(Events.start(9, 0));
    log.onStep(Events.step(1, 9));
    log.onEval(Events.eval(1, "Once\nupon \u001b[31ma time"));
    log.onNote("gradient clipped");
    log.onSave(Events.save(1));
    log.onStep(Events.step(2, 9));
    assertThat(text()).contains("""
        \r\u001b[Keval at step 1: 1.1250 bits per byte, loss 3.2500, perplexity 25.79
          > Once\\nupon ?[31ma time
        gradient clipped
        """);
    assertThat(text()).contains("(5.0 MB in 250ms)\n\rstep 2/9");
  }

  @Test
  void plainOutputHasNoControlCharactersAndFewLines() {
    var log = log(false);
    log.onStart(Events.start(1000, 0));
    for (int step = 1; step <= 1000; step++) {
      log.onStep(Events.step(step, 1000));
    }
    log.onEnd(new RunEnd("finished", 1));
    assertThat(text()).doesNotContain("\r").doesNotContain("\u001b");
    assertThat(Arrays.stream(text().split("\n")).filter(l -> l.startsWith("step "))).hasSize(21);
  }

  @Test
  void slowRunPrintsEveryTenSeconds() {
    var log = log(false);
    log.onStart(Events.start(1_000_000, 0));
    for (int step = 1; step <= 31; step++) {
      log.onStep(Events.step(step, 1_000_000));
      clock.advance(1);
    }
    assertThat(text().lines().filter(l -> l.startsWith("step "))).hasSize(4);
  }
}
