package org.jtorch.recipes.pretrain;

import static org.assertj.core.api.Assertions.assertThat;
import static org.jtorch.recipes.pretrain.JtorchProcess.hasTemporary;
import static org.jtorch.recipes.pretrain.JtorchProcess.steps;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import java.util.function.BooleanSupplier;
import org.jtorch.observe.EvalEvent;
import org.jtorch.observe.MetricsFile;
import org.jtorch.recipes.run.RunFolder;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestReporter;
import org.junit.jupiter.api.io.TempDir;

/// A run that is killed at any moment and started again ends in the bits of one that was left alone.
///
/// `-Djtorch.crash.kills=20` kills more often than the build does.
class CrashTest {
  private static final int KILLS = Integer.getInteger("jtorch.crash.kills", 3);
  private static final int STEPS = 20 + 10 * KILLS;
  private static final int MOST_STEPS_AT_ONCE = 9;

  @TempDir static Path shared = Path.of("");
  private static Path recipe = Path.of("");
  private static RunFolder whole = new RunFolder(Path.of(""));

  @BeforeAll static void runLeftAlone() throws IOException {
    recipe = TinyRun.recipe(shared, STEPS);
    whole = new RunFolder(shared.resolve("whole"));
    var result = TinyRun.run(recipe, whole.path());
    assertThat(result.code()).as(result.err()).isZero();
  }

  @Test void killedAtAnyMoment(TestReporter reporter) throws IOException, InterruptedException {
    var run = new RunFolder(shared.resolve("killed"));
    var random = new Random(17);
    int inSave = 0;
    int inPreparation = 0;
    for (int kills = 0; kills < KILLS; kills++) {
      long before = steps(run);
      int kind = kills < 2 ? kills : random.nextInt(4);
      int more = kind == 3 ? 1 + random.nextInt(MOST_STEPS_AT_ONCE) : MOST_STEPS_AT_ONCE;
      var moment = moment(kind, run, random);
      var process = JtorchProcess.run(recipe, run);
      boolean ended = process.endsBefore(() -> moment.getAsBoolean() || steps(run) >= before + more);
      assertThat(ended).as("ended before kill %s:\n%s", kills + 1, process.output()).isFalse();
      process.kill();
      inSave += hasTemporary(run.checkpoints()) ? 1 : 0;
      inPreparation += Files.exists(run.data().resolve("preparing.json")) ? 1 : 0;
    }
    finish(run);
    reporter.publishEntry("kills", KILLS + ", of these while text was prepared: " + inPreparation + ", while a checkpoint was written: "
        + inSave);
    assertSame(run);
  }

  @Test void interruptedPolitelyItSavesAtOnce() throws IOException, InterruptedException {
    var run = new RunFolder(shared.resolve("interrupted"));
    var process = JtorchProcess.run(recipe, run);
    assertThat(process.endsBefore(() -> steps(run) >= 1)).as(process.output()).isFalse();
    process.signal("TERM");
    assertThat(process.code()).as(process.output()).isEqualTo(130);
    assertThat(steps(run)).isLessThan(STEPS);
    assertThat(process.output()).contains("interrupted: finishing the step and saving");
    assertThat(run.checkpoints().resolve("step-%08d".formatted(steps(run)))).isDirectory();
    assertThat(MetricsFile.read(run.metrics()).ends().getLast().outcome()).isEqualTo("interrupted");
    finish(run);
    assertSame(run);
  }

  /// What a kill waits for: tokens being written, a checkpoint being written, some time, or only steps.
  private static BooleanSupplier moment(int kind, RunFolder run, Random random) {
    long nanos = random.nextLong(4_000_000_000L);
    long started = System.nanoTime();
    return switch (kind) {
      case 0 -> () -> Files.exists(run.data().resolve("preparing.json"));
      case 1 -> () -> hasTemporary(run.checkpoints());
      case 2 -> () -> System.nanoTime() - started > nanos;
      default -> () -> false;
    };
  }

  private static void finish(RunFolder run) throws IOException, InterruptedException {
    var process = JtorchProcess.run(recipe, run);
    assertThat(process.code()).as(process.output()).isZero();
  }

  private static void assertSame(RunFolder run) throws IOException {
    assertThat(Files.mismatch(run.model().resolve("model.safetensors"), whole.model().resolve("model.safetensors"))).isEqualTo(-1);
    var mine = MetricsFile.read(run.metrics());
    var theirs = MetricsFile.read(whole.metrics());
    assertThat(figures(mine)).hasSize(STEPS).isEqualTo(figures(theirs));
    assertThat(mine.evals().stream().map(EvalEvent::bitsPerByte)).hasSize(1 + (STEPS + 9) / 10)
        .containsExactlyElementsOf(theirs.evals().stream().map(EvalEvent::bitsPerByte).toList());
    assertThat(run.report()).isNotEmptyFile();
    assertThat(run.checkpoints().resolve("step-%08d".formatted(STEPS))).isDirectory();
    assertThat(hasTemporary(run.checkpoints())).isFalse();
  }

  private record Figures(long step, double loss, double gradNorm, double learningRate, long tokens) {}

  private static List<Figures> figures(MetricsFile metrics) {
    return metrics.steps().stream()
        .map(s -> new Figures(s.step(), s.loss(), s.gradNorm(), s.learningRate(), s.tokens())).toList();
  }
}
