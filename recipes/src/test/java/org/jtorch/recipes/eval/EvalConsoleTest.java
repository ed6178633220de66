package org.jtorch.recipes.eval;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

class EvalConsoleTest {
  private final AtomicLong clock = new AtomicLong();
  private final StringWriter out = new StringWriter();

  private EvalConsole console(boolean terminal) {
    return new EvalConsole(new PrintWriter(out), terminal, clock::get);
  }

  /// 100 of 400 in 20 seconds: 5 a second, a minute left.
  @Test void rateAndTimeLeft() {
    var progress = console(false).begins("hellaswag");
    clock.addAndGet(5_000_000_000L);
    progress.at(20, 400, 1_000);
    clock.addAndGet(15_000_000_000L);
    progress.at(100, 400, 50_000);
    progress.at(101, 400, 50_100);
    assertThat(out.toString().strip()).isEqualTo("hellaswag 100/400  5 requests/s  2.5k tok/s  eta 1m 0s");
  }

  @Test void aTerminalsLineRedrawsItselfAndGoes() {
    var console = console(true);
    var progress = console.begins("mmlu");
    clock.addAndGet(1_000_000_000L);
    progress.at(1, 2, 10);
    console.end();
    console.end();
    assertThat(out.toString()).isEqualTo("\rmmlu 1/2  1 requests/s  10 tok/s  eta 1.0s\u001b[K\r\u001b[K");
  }
}
