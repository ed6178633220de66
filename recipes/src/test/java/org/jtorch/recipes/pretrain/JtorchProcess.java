package org.jtorch.recipes.pretrain;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import org.jtorch.recipes.cli.Main;
import org.jtorch.recipes.run.RunFolder;

/// The program in a process of its own, whose output goes to a file.
public record JtorchProcess(Process process, Path log) {
  private static final long PATIENCE_SECONDS = 120;

  static JtorchProcess start(Path log, Map<String, String> environment, List<String> arguments) throws IOException {
    var command = new ArrayList<>(List.of(Path.of(System.getProperty("java.home"), "bin", "java").toString(), "-XX:TieredStopAtLevel=1",
        "-XX:+UseSerialGC", "-Xmx512m", "--enable-native-access=ALL-UNNAMED", "--sun-misc-unsafe-memory-access=allow",
        "--add-modules=jdk.incubator.vector", "-cp", System.getProperty("java.class.path"), Main.class.getName()));
    command.addAll(arguments);
    var builder = new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(log.toFile());
    builder.environment().putAll(environment);
    return new JtorchProcess(builder.start(), log);
  }

  /// `jtorch run` with a log beside the run's folder.
  public static JtorchProcess run(Path recipe, RunFolder run, String... more) throws IOException {
    var arguments = new ArrayList<>(List.of("run", recipe.toString(), "--out", run.path().toString()));
    arguments.addAll(List.of(more));
    return start(run.path().resolveSibling(run.path().getFileName() + ".log"), Map.of(), arguments);
  }

  /// True if the process ended before `moment` came.
  public boolean endsBefore(BooleanSupplier moment) throws InterruptedException {
    long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(PATIENCE_SECONDS);
    while (!moment.getAsBoolean()) {
      if (process.waitFor(1, TimeUnit.MILLISECONDS)) {
        return true;
      }
      assertThat(System.nanoTime()).as(this::output).isLessThan(deadline);
    }
    return false;
  }

  /// Waits until the output has this text.
  void says(String text) throws InterruptedException {
    boolean ended = endsBefore(() -> output().contains(text));
    assertThat(ended && !output().contains(text)).as(this::output).isFalse();
  }

  /// Its exit code, once it has ended.
  public int code() throws InterruptedException {
    assertThat(process.waitFor(PATIENCE_SECONDS, TimeUnit.SECONDS)).as(this::output).isTrue();
    return process.exitValue();
  }

  /// `TERM` or `INT`.
  void signal(String name) throws IOException, InterruptedException {
    signal(name, process.pid());
  }

  static void signal(String name, long process) throws IOException, InterruptedException {
    int sent = new ProcessBuilder("kill", "-" + name, Long.toString(process)).start().waitFor();
    assertThat(sent).isZero();
  }

  /// Kills the program; processes that it started end by themselves, which is waited for.
  public void kill() throws InterruptedException {
    var started = process.descendants().toList();
    process.destroyForcibly();
    assertThat(code()).isEqualTo(137);
    for (var each : started) {
      assertThat(each.onExit().completeOnTimeout(null, PATIENCE_SECONDS, TimeUnit.SECONDS).join()).as(this::output).isNotNull();
    }
  }

  public String output() {
    try {
      return Files.readString(log, StandardCharsets.UTF_8);
    } catch (IOException e) {
      return "no output: " + e.getMessage();
    }
  }

  /// Lines of steps that a run has written.
  public static long steps(RunFolder run) {
    try (var lines = Files.lines(run.metrics())) {
      return lines.filter(l -> l.contains("\"event\":\"step\"")).count();
    } catch (IOException _) {
      return 0;
    }
  }

  /// Whether something is being written in a folder.
  static boolean hasTemporary(Path folder) {
    try (var entries = Files.newDirectoryStream(folder, ".tmp-*")) {
      return entries.iterator().hasNext();
    } catch (IOException _) {
      return false;
    }
  }
}
