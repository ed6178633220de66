package org.jtorch.recipes.pretrain;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import org.jtorch.observe.MetricsFile;
import org.jtorch.recipes.run.RunFolder;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// What goes wrong in a run costs as little of it as can be.
class FailingRunTest {
  @TempDir Path temp = Path.of("");
  private Path recipe = Path.of("");
  private RunFolder run = new RunFolder(Path.of(""));

  @BeforeEach void write() throws IOException {
    recipe = TinyRun.recipe(temp, 4);
    run = new RunFolder(temp.resolve("run"));
  }

  @Test void aRunThatDivergesHasItsExitCodeItsReportAndAWayBack() throws IOException {
    var result = TinyRun.run(recipe, run.path(), "train.steps=40", "train.learning_rate=1e30", "train.clip=1e30",
        "train.spikes.patience=3", "train.schedule={type: constant}", "save.every=1");
    assertThat(result.code()).as(result.err()).isEqualTo(5);
    assertThat(result.err()).contains("diverged").contains("learning rate");
    assertThat(run.report()).content().contains(">diverged<");
    assertThat(MetricsFile.read(run.metrics()).ends().getLast().outcome()).isEqualTo("diverged");
    assertThat(result.out()).contains("report: " + run.report()).contains("--resume " + run.checkpoints().resolve("step-0"))
        .contains("train.learning_rate");
  }

  @Test void aSampleThatFailsIsANote() {
    var result = TinyRun.run(recipe, run.path(), "model.max_positions=32", "eval.prompts=[\"" + "the cat sleeps ".repeat(40) + "\"]");
    assertThat(result.code()).as(result.err()).isZero();
    var metrics = MetricsFile.read(run.metrics());
    assertThat(metrics.notes()).anyMatch(n -> n.startsWith("no samples at step 0: ")).anyMatch(n -> n.startsWith("no samples at step 4: "));
    assertThat(metrics.evals()).hasSize(2).allMatch(e -> e.samples().isEmpty() && e.bitsPerByte() > 1);
  }

  @Test void wantOfMemoryHasItsExitCodeAndAdvice() {
    var result = TinyRun.run(recipe, run.path(), "model={type: llama, dim: 2147483644, layers: 1, heads: 2, hidden: 1}");
    assertThat(result.code()).as(result.err()).isEqualTo(4);
    assertThat(result.err()).contains("out of memory", "train.accumulate", "train.activation_checkpointing", "dtype=bf16", "jtorch plan");
  }

  @Test void savesByTheClockWithoutBeingAsked() {
    assertThat(TinyRun.run(recipe, run.path(), "save.every=0", "save.minutes=1e-9", "save.keep=0").code()).isZero();
    assertThat(run.checkpoints()).isDirectoryContaining("glob:**step-00000001").isDirectoryContaining("glob:**step-00000002")
        .isDirectoryContaining("glob:**step-00000003");
    assertThat(TinyRun.jtorch("cat", recipe.toString(), "--resolved").out()).containsPattern("minutes: 15 +# default");
  }

  @Test void theBestCheckpointStaysIfAsked() {
    assertThat(TinyRun.run(recipe, run.path(), "save={every: 1, keep: 1, keep_best: true}", "eval.every=1", "train.learning_rate=3",
        "train.schedule={type: constant}", "train.steps=5").code()).isZero();
    var evals = MetricsFile.read(run.metrics()).evals();
    var best = evals.stream().filter(e -> e.step() > 0).min(Comparator.comparingDouble(e -> e.loss())).orElseThrow();
    assertThat(best.step()).as("the rate is so high that it gets worse").isLessThan(5);
    assertThat(run.checkpoints().resolve("step-%08d".formatted(best.step()))).isDirectory();
    assertThat(run.checkpoints().resolve("step-00000005")).isDirectory();
  }

  @Test void damagedTokensAreFoundWhenTheyAreOpened() throws IOException {
    assertThat(TinyRun.run(recipe, run.path()).code()).isZero();
    Path tokens = run.data().resolve("train").resolve("tokens.bin");
    byte[] bytes = Files.readAllBytes(tokens);
    bytes[bytes.length / 2] ^= 1;
    Files.write(tokens, bytes);
    var again = TinyRun.run(recipe, run.path(), "--steps", "6");
    assertThat(again.code()).isEqualTo(3);
    assertThat(again.err()).contains("tokens.bin is damaged");
  }

  @Test void aRunThatIsNotFinishedHasAReport() throws IOException {
    assertThat(TinyRun.run(recipe, run.path()).code()).isZero();
    Files.delete(run.report());
    String all = Files.readString(run.metrics());
    Files.writeString(run.metrics(), all.substring(0, all.indexOf("\"event\":\"step\",\"step\":3") + 40));        // killed in a line
    var report = TinyRun.jtorch("report", run.path().toString());
    assertThat(report.code()).as(report.err()).isZero();
    assertThat(report.out()).contains("report: " + run.report());
    assertThat(run.report()).content().contains("no end recorded", "learning_rate");
    var none = TinyRun.jtorch("report", temp.resolve("none").toString());
    assertThat(none.code()).isEqualTo(3);
    assertThat(none.err()).contains("metrics.jsonl").contains("no such file");
  }
}
