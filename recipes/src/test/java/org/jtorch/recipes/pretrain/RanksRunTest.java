package org.jtorch.recipes.pretrain;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;
import static org.jtorch.recipes.pretrain.JtorchProcess.steps;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.jtorch.io.SafeTensors;
import org.jtorch.observe.MetricsFile;
import org.jtorch.recipes.run.RunFolder;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// A run in two processes is the run of one, also when ranks are killed and another number goes on.
class RanksRunTest {
  private static final int STEPS = 30;
  private static final long PATIENCE_SECONDS = 120;

  @TempDir static Path shared = Path.of("");
  private static Path recipe = Path.of("");
  private static RunFolder whole = new RunFolder(Path.of(""));
  private final List<JtorchProcess> started = new ArrayList<>();

  @BeforeAll static void runInOneProcess() throws IOException {
    recipe = TinyRun.recipe(shared, STEPS);
    whole = new RunFolder(shared.resolve("whole"));
    var result = TinyRun.run(recipe, whole.path());
    assertThat(result.code()).as(result.err()).isZero();
  }

  @AfterEach void endWhatIsLeft() {
    for (var one : started) {
      one.process().descendants().forEach(ProcessHandle::destroyForcibly);
      one.process().destroyForcibly();
    }
  }

  @Test void twoProcessesOfTheLauncherAreOne() throws IOException, InterruptedException {
    var run = new RunFolder(shared.resolve("launched"));
    var launcher = start(run, "launched", Map.of(), "--processes", "2");
    assertThat(launcher.code()).as(launcher.output()).isZero();
    assertThat(launcher.output()).contains("eval at step 10", "model:  ").doesNotContain("error");
    assertThat(launcher.output().split("finished after", -1)).as("only the first rank speaks").hasSize(2);
    assertLikeOne(run);
  }

  /// Rank 1 is killed after a checkpoint, one process goes on and is killed, two finish.
  @Test void killedRanksAndOtherNumbersOfProcesses() throws IOException, InterruptedException {
    var run = new RunFolder(shared.resolve("killed"));
    var ranks = startTwo(run, "a");
    waitForSteps(run, 6, ranks);
    ranks.get(1).kill();
    assertThat(ranks.get(0).code()).as(ranks.get(0).output()).isEqualTo(6);
    assertThat(ranks.getFirst().output()).contains("error: rank 1 is gone (").contains("so rank 0 of 2 ends");
    var alone = start(run, "alone", Map.of());
    waitForSteps(run, 13, List.of(alone));
    alone.kill();
    assertThat(alone.output()).containsPattern("resuming from step (5|10|15|20)\\b");
    var again = startTwo(run, "b");
    assertThat(again.get(0).code()).as(again.get(0).output()).isZero();
    assertThat(again.get(1).code()).as(again.get(1).output()).isZero();
    assertThat(again.getFirst().output()).containsPattern("resuming from step (10|15|20|25)\\b");
    assertLikeOne(run);
  }

  @Test void theLauncherSaysWhoEndedAndEndsTheOthers() throws IOException, InterruptedException {
    var run = new RunFolder(shared.resolve("orphaned"));
    var launcher = start(run, "orphaned", Map.of(), "--processes", "2", "train.steps=100000");
    waitForSteps(run, 2, List.of(launcher));
    var children = launcher.process().children().toList();
    assertThat(children).hasSize(2);
    children.getLast().destroyForcibly();
    assertThat(launcher.code()).as(launcher.output()).isEqualTo(137);
    assertThat(launcher.output()).containsPattern("rank [01] is gone \\(")
        .containsPattern("error: rank [01] ended with exit code 137 \\(signal 9\\), and the run with it");
    for (var child : children) {
      child.onExit().orTimeout(PATIENCE_SECONDS, TimeUnit.SECONDS).join();
    }
  }

  /// Ctrl-C on a terminal reaches the launcher and its processes, to which the launcher passes it on.
  @Test void anInterruptionOfAllSavesAndEndsAll() throws IOException, InterruptedException {
    var run = new RunFolder(shared.resolve("interrupted"));
    var launcher = start(run, "interrupted", Map.of(), "--processes", "2", "train.steps=100000");
    waitForSteps(run, 2, List.of(launcher));
    for (var child : launcher.process().children().toList()) {
      JtorchProcess.signal("INT", child.pid());
    }
    launcher.signal("INT");
    assertThat(launcher.code()).as(launcher.output()).isEqualTo(130);
    assertThat(launcher.output()).contains("interrupted: finishing the step and saving", "interrupted and saved").doesNotContain("error:");
    assertThat(run.checkpoints().resolve("step-%08d".formatted(steps(run)))).isDirectory();
  }

  @Test void noProcessIsRefused() {
    assertThat(TinyRun.run(recipe, shared.resolve("none"), "--processes", "0").err()).contains("--processes 0").contains("--processes 2");
  }

  private List<JtorchProcess> startTwo(RunFolder run, String log) throws IOException {
    int port;
    try (var socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      port = socket.getLocalPort();
    }
    var both = new ArrayList<JtorchProcess>();
    for (int rank = 0; rank < 2; rank++) {
      both.add(start(run, log + rank, Map.of("RANK", Integer.toString(rank), "LOCAL_RANK", Integer.toString(rank), "WORLD_SIZE", "2",
          "MASTER_ADDR", "localhost", "MASTER_PORT", Integer.toString(port), "OMP_NUM_THREADS", "1")));
    }
    return both;
  }

  private JtorchProcess start(RunFolder run, String log, Map<String, String> environment, String... more) throws IOException {
    var arguments = new ArrayList<>(List.of("run", recipe.toString(), "--out", run.path().toString()));
    arguments.addAll(List.of(more));
    var process = JtorchProcess.start(shared.resolve(log + ".log"), environment, arguments);
    started.add(process);
    return process;
  }

  private static void waitForSteps(RunFolder run, long steps, List<JtorchProcess> alive) throws InterruptedException {
    assertThat(alive.getFirst().endsBefore(() -> steps(run) >= steps)).as("ended at step %s of %s", steps(run), steps).isFalse();
  }

  private static void assertLikeOne(RunFolder run) {
    var mine = MetricsFile.read(run.metrics());
    var theirs = MetricsFile.read(whole.metrics());
    assertThat(mine.steps()).hasSize(STEPS);
    for (int i = 0; i < STEPS; i++) {
      var a = mine.steps().get(i);
      var b = theirs.steps().get(i);
      assertThat(a.step()).isEqualTo(b.step());
      assertThat(a.tokens()).as("tokens of step %s", b.step()).isEqualTo(b.tokens());
      assertThat(a.loss()).as("loss of step %s", b.step()).isCloseTo(b.loss(), within(1e-6));
      assertThat(a.gradNorm()).as("norm of step %s", b.step()).isCloseTo(b.gradNorm(), within(1e-6));
    }
    assertThat(mine.evals()).hasSameSizeAs(theirs.evals());
    for (int i = 0; i < mine.evals().size(); i++) {
      assertThat(mine.evals().get(i).bitsPerByte()).isCloseTo(theirs.evals().get(i).bitsPerByte(), within(1e-6));
    }
    assertSameWeights(run);
    assertThat(run.report()).isNotEmptyFile();
  }

  private static void assertSameWeights(RunFolder run) {
    try (var a = SafeTensors.open(run.model()); var b = SafeTensors.open(whole.model())) {
      assertThat(a.entries().keySet()).isNotEmpty().isEqualTo(b.entries().keySet());
      for (String name : b.entries().keySet()) {
        var x = a.get(name).bytes().asByteBuffer().order(ByteOrder.LITTLE_ENDIAN).asFloatBuffer();
        var y = b.get(name).bytes().asByteBuffer().order(ByteOrder.LITTLE_ENDIAN).asFloatBuffer();
        for (int i = 0; i < y.limit(); i++) {
          assertThat(x.get(i)).as("%s at %s", name, i).isCloseTo(y.get(i), within(1e-5f));
        }
      }
    }
  }
}
