package org.jtorch.observe;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.SequencedMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Figures that no listener knows by name reach every kind of output.
class FiguresTest {
  @TempDir Path folder;

  private static SequencedMap<String, Double> figures(Object... namesAndValues) {
    var map = new LinkedHashMap<String, Double>();
    for (int i = 0; i < namesAndValues.length; i += 2) {
      map.put((String) namesAndValues[i], (Double) namesAndValues[i + 1]);
    }
    return map;
  }

  private static StepEvent step(SequencedMap<String, Double> figures) {
    return new StepEvent(3, 10, 2.5, 1, 1e-3, 100, 0.5, false, 0, 0, 0, 0, figures);
  }

  @Test void theyReadBackAsTheyWereInTheirOrder() throws IOException {
    Path file = folder.resolve("metrics.jsonl");
    var step = step(figures("reward", 0.25, "kl", Double.NaN, "a_third", -1e30));
    var eval = EvalEvent.of(3, 0.7, figures("win_rate", 0.625));
    try (var log = JsonlLog.open(file, 0)) {
      log.onStep(step);
      log.onEval(eval);
      log.onStep(Events.step(4, 10));
    }
    var read = MetricsFile.read(file);
    assertThat(read.steps()).containsExactly(step, Events.step(4, 10));
    assertThat(read.steps().getFirst().figures().keySet()).containsExactly("reward", "kl", "a_third");
    assertThat(read.evals()).containsExactly(eval);
    assertThat(Files.readAllLines(file).getLast()).doesNotContain("figures");
  }

  @Test void anEventKeepsACopyOfItsOwn() {
    var mine = figures("reward", 1.0);
    var event = step(mine);
    mine.put("later", 2.0);
    assertThat(event.figures()).containsOnlyKeys("reward");
    assertThatThrownBy(() -> event.figures().put("x", 1.0)).isInstanceOf(UnsupportedOperationException.class);
  }

  @Test void tensorBoardHasATagForEach() throws IOException {
    Path file;
    try (var log = TensorBoardLog.open(folder, 0)) {
      file = log.file();
      log.onStep(step(figures("reward", 0.25)));
      log.onEval(EvalEvent.of(3, 0.7, figures("win_rate", 0.625)));
    }
    var events = EventFileReader.events(file);
    assertThat(TensorBoardLogTest.scalars(events.get(1))).containsEntry("reward", 0.25f);
    assertThat(TensorBoardLogTest.scalars(events.get(2))).containsOnlyKeys("val/loss", "val/win_rate")
        .containsEntry("val/win_rate", 0.625f);
  }

  @Test void metersFollowThem() {
    var registry = new SimpleMeterRegistry();
    var log = MeterLog.bind(registry);
    log.onStep(step(figures("reward", 0.25)));
    log.onStep(step(figures("reward", 0.5, "kl", 0.125)));
    log.onEval(EvalEvent.of(3, 0.7, figures("reward", 2.0)));
    assertThat(registry.get("jtorch.figure").tag("name", "reward").gauge().value()).isEqualTo(0.5);
    assertThat(registry.get("jtorch.figure").tag("name", "kl").gauge().value()).isEqualTo(0.125);
    assertThat(registry.get("jtorch.val.figure").tag("name", "reward").gauge().value()).isEqualTo(2);
  }

  @Test void theConsoleShowsWhatFitsInItsLine() {
    var out = new ByteArrayOutputStream();
    var many = figures("reward", 0.25, "kl", 0.012345, "entropy", 123.456, "a_long_name_that_takes_room", 1.0,
        "another_long_name_of_a_figure", 2.0);
    try (var log = new ConsoleLog(new PrintStream(out, true, StandardCharsets.UTF_8), false, System::nanoTime)) {
      log.onStep(step(many));
      log.onEval(EvalEvent.of(3, 0.7, figures("win_rate", 0.625)));
    }
    var lines = out.toString(StandardCharsets.UTF_8).lines().toList();
    assertThat(lines.getFirst()).contains("  reward 0.2500  kl 0.01235").doesNotContain("another_long_name")
        .hasSizeLessThanOrEqualTo(100);
    assertThat(lines.getLast()).isEqualTo("eval at step 3: loss 0.7000, win_rate 0.6250");
  }
}
