package org.jtorch.recipes.pretrain;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import org.jtorch.observe.EvalEvent;
import org.jtorch.observe.MetricsFile;
import org.jtorch.recipes.cli.Main;
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
  private static final long PATIENCE_SECONDS = 120;

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
    int kills = 0;
    int inSave = 0;
    while (kills < KILLS) {
      long before = steps(run);
      int kind = kills < 2 ? kills : random.nextInt(4);
      int more = kind == 3 ? 1 + random.nextInt(MOST_STEPS_AT_ONCE) : MOST_STEPS_AT_ONCE;
      var moment = moment(kind, run, random);
      var process = start(run);
      boolean ended = waitFor(process, () -> moment.getAsBoolean() || steps(run) >= before + more);
      assertThat(ended).as("ended before kill %s:\n%s", kills + 1, output(run)).isFalse();
      process.destroyForcibly();
      assertThat(process.waitFor(PATIENCE_SECONDS, TimeUnit.SECONDS)).isTrue();
      kills++;
      inSave += hasTemporary(run.checkpoints()) ? 1 : 0;
    }
    finish(run);
    reporter.publishEntry("kills", kills + ", of these while a checkpoint was written: " + inSave);
    assertSame(run);
  }

  @Test void interruptedPolitelyItSavesAtOnce() throws IOException, InterruptedException {
    var run = new RunFolder(shared.resolve("interrupted"));
    var process = start(run);
    assertThat(waitFor(process, () -> steps(run) >= 1)).as(output(run)).isFalse();
    process.destroy();
    assertThat(process.waitFor(PATIENCE_SECONDS, TimeUnit.SECONDS)).isTrue();
    assertThat(process.exitValue()).as(output(run)).isIn(130, 143);
    assertThat(steps(run)).isLessThan(STEPS);
    assertThat(output(run)).contains("interrupted: finishing the step and saving");
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

  private static boolean hasTemporary(Path folder) {
    try (var entries = Files.newDirectoryStream(folder, ".tmp-*")) {
      return entries.iterator().hasNext();
    } catch (IOException _) {
      return false;
    }
  }

  private static Process start(RunFolder run) throws IOException {
    var command = List.of(Path.of(System.getProperty("java.home"), "bin", "java").toString(), "-XX:TieredStopAtLevel=1",
        "-XX:+UseSerialGC", "-Xmx512m", "--enable-native-access=ALL-UNNAMED", "--sun-misc-unsafe-memory-access=allow",
        "--add-modules=jdk.incubator.vector", "-cp",
        System.getProperty("java.class.path"), Main.class.getName(), "run", recipe.toString(), "--out", run.path().toString());
    return new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(log(run).toFile()).start();
  }

  /// True if the process ended before `moment` came.
  private static boolean waitFor(Process process, BooleanSupplier moment) throws InterruptedException {
    long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(PATIENCE_SECONDS);
    while (!moment.getAsBoolean()) {
      if (process.waitFor(1, TimeUnit.MILLISECONDS)) {
        return true;
      }
      assertThat(System.nanoTime()).isLessThan(deadline);
    }
    return false;
  }

  private static void finish(RunFolder run) throws IOException, InterruptedException {
    var process = start(run);
    assertThat(process.waitFor(PATIENCE_SECONDS, TimeUnit.SECONDS)).isTrue();
    assertThat(process.exitValue()).as(output(run)).isZero();
  }

  private static Path log(RunFolder run) {
    return shared.resolve(run.path().getFileName() + ".log");
  }

  private static String output(RunFolder run) throws IOException {
    return Files.readString(log(run), StandardCharsets.UTF_8);
  }

  /// Lines of steps that the run has written.
  private static long steps(RunFolder run) {
    try (var lines = Files.lines(run.metrics())) {
      return lines.filter(l -> l.contains("\"event\":\"step\"")).count();
    } catch (IOException _) {
      return 0;
    }
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
