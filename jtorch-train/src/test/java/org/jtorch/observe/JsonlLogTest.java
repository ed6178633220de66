package org.jtorch.observe;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.OutputStreamWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Instant;
import java.time.InstantSource;
import java.util.stream.LongStream;
import org.jtorch.io.DataException;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class JsonlLogTest {
  private static final InstantSource CLOCK = InstantSource.fixed(Instant.ofEpochMilli(1_700_000_000_250L));

  @TempDir Path folder;
  private Path file = Path.of("");

  @BeforeEach
  void name() {
    file = folder.resolve("run").resolve("metrics.jsonl");
  }

  private void record(long from, long to) {
    try (var log = JsonlLog.open(file, from, CLOCK)) {
      log.onStart(Events.start(10, from));
      for (long step = from + 1; step <= to; step++) {
        log.onStep(Events.step(step, 10));
        if (step == 4) {
          log.onEval(Events.eval(4, "Once"));
          log.onSave(Events.save(4));
        }
      }
    }
  }

  @Test
  void eachEventIsOneLineInSnakeCase() throws IOException {
    try (var log = JsonlLog.open(file, 0, CLOCK)) {
      log.onStep(Events.step(2, 10));
      log.onNote("line\nbreak");
      assertThat(Files.readAllLines(file)).as("on disk before close").containsExactly(
          "{\"event\":\"step\",\"step\":2,\"time\":1.70000000025E9,\"total_steps\":10,\"loss\":5.0,\"grad_norm\":1.5,"
              + "\"learning_rate\":3.0E-4,\"tokens\":1000,\"seconds\":0.5,\"skipped\":false,\"live_tensors\":42,"
              + "\"native_objects\":7,\"resident_bytes\":1073741824}",
          "{\"event\":\"note\",\"step\":2,\"time\":1.70000000025E9,\"text\":\"line\\nbreak\"}");
    }
  }

  @Test
  void everythingReadsBackAsItWas() {
    try (var log = JsonlLog.open(file, 0)) {
      log.onStart(Events.start(10, 0));
      log.onStep(Events.step(1, 10));
      log.onStep(Events.skipped(2, 10));
      log.onEval(Events.eval(2, "Once", "\"quoted\" \u2028 é"));
      log.onSave(Events.save(2));
      log.onNote("note");
      log.onEnd(new RunEnd("finished", 12.5));
    }
    var read = MetricsFile.read(file);
    assertThat(read.starts()).containsExactly(Events.start(10, 0));
    assertThat(read.steps()).containsExactly(Events.step(1, 10), Events.skipped(2, 10));
    assertThat(read.evals()).containsExactly(Events.eval(2, "Once", "\"quoted\" \u2028 é"));
    assertThat(read.saves()).containsExactly(Events.save(2));
    assertThat(read.notes()).containsExactly("note");
    assertThat(read.ends()).containsExactly(new RunEnd("finished", 12.5));
  }

  @Test
  void killedAndResumedRunLeavesOneCurve() throws IOException {
    record(0, 7);
    Files.writeString(file, "{\"event\":\"step\",\"step\":4,\"lo", StandardOpenOption.APPEND);
    record(4, 10);
    var read = MetricsFile.read(file);
    assertThat(read.steps()).extracting(StepEvent::step)
        .containsExactlyElementsOf(LongStream.rangeClosed(1, 10).boxed().toList());
    assertThat(read.starts()).extracting(RunStart::startStep).containsExactly(0L, 4L);
    assertThat(read.evals()).hasSize(1);
    assertThat(read.saves()).hasSize(1);
    assertThat(folder.resolve("run")).isDirectoryContaining(f -> f.endsWith("metrics.jsonl"))
        .isDirectoryNotContaining("glob:**/.tmp-*");
  }

  @Test
  void freshRunBeginsAnEmptyFile() {
    record(0, 7);
    record(0, 2);
    var read = MetricsFile.read(file);
    assertThat(read.steps()).hasSize(2);
    assertThat(read.starts()).hasSize(1);
  }

  @Test
  void readerLeavesOutALineCutShortButNamesADamagedOne() throws IOException {
    record(0, 2);
    Files.writeString(file, "{\"event\":\"step\",\"step\":3", StandardOpenOption.APPEND);
    assertThat(MetricsFile.read(file).steps()).hasSize(2);
    Files.writeString(file, "\n{\"event\":\"unheard of\",\"step\":3}\n", StandardOpenOption.APPEND);
    assertThatThrownBy(() -> MetricsFile.read(file)).isInstanceOf(DataException.class)
        .hasMessageContaining("metrics.jsonl, line 4").hasMessageContaining("delete that line");
  }

  @Test
  void readerSkipsKindsItDoesNotKnowAndRefusesWrongTypes() throws IOException {
    Files.createDirectories(folder.resolve("run"));
    Files.writeString(file, "{\"event\":\"later version\",\"step\":3}\n");
    assertThat(MetricsFile.read(file).steps()).isEmpty();
    Files.writeString(file, "{\"event\":\"step\",\"step\":3,\"loss\":\"much\"}\n");
    assertThatThrownBy(() -> MetricsFile.read(file)).isInstanceOf(DataException.class).hasMessageContaining("line 1");
    assertThatThrownBy(() -> MetricsFile.read(folder.resolve("none"))).isInstanceOf(DataException.class)
        .hasMessageContaining("no such file");
  }

  @Test
  void aStepThatIsValidatedAgainCountsOnce() {
    record(0, 5);
    try (var log = JsonlLog.open(file, 4, CLOCK)) {
      log.onEval(Events.eval(4, "Once more"));
      log.onEval(Events.eval(8, "Twice"));
    }
    assertThat(MetricsFile.read(file).evals()).containsExactly(Events.eval(4, "Once more"), Events.eval(8, "Twice"));
  }

  @Test
  void aFullDiskIsNamedWithItsRoom() {
    var log = new JsonlLog(file, new OutputStreamWriter(Events.fullDisk(), StandardCharsets.UTF_8), CLOCK, 0);
    assertThatThrownBy(() -> log.onStep(Events.step(1, 10))).isInstanceOf(DataException.class)
        .hasMessageMatching("cannot write .*metrics.jsonl: No space left on device \\(\\d+ bytes free on its disk\\); .*");
  }
}
