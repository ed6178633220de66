package org.jtorch.recipes.launch;

import java.io.BufferedReader;
import java.io.File;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintWriter;
import java.io.UncheckedIOException;
import java.lang.ProcessBuilder.Redirect;
import java.lang.management.ManagementFactory;
import java.nio.charset.Charset;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.jtorch.recipes.ExitCodes;

/// One of the processes of a run.
final class RankProcess {
  private static final int SIGNAL = 128;
  private static final int TERMINATED = SIGNAL + 15;

  private final int rank;
  private final Process process;
  private final @Nullable Thread relay;
  private volatile boolean killed;

  private RankProcess(int rank, Process process, @Nullable Thread relay) {
    this.rank = rank;
    this.process = process;
    this.relay = relay;
  }

  static RankProcess start(int rank, Class<?> program, List<String> arguments, Map<String, String> common, int threads,
      PrintWriter err) throws IOException {
    var builder = new ProcessBuilder(command(program, arguments));
    var environment = builder.environment();
    environment.putAll(common);
    environment.put("RANK", Integer.toString(rank));
    environment.put("LOCAL_RANK", Integer.toString(rank));
    environment.putIfAbsent("OMP_NUM_THREADS", Integer.toString(threads));
    if (rank == 0) {
      return new RankProcess(rank, builder.inheritIO().start(), null);
    }
    var process = builder.redirectOutput(Redirect.DISCARD).start();
    process.getOutputStream().close();
    var relay = Thread.ofPlatform().daemon().name("jtorch-rank-" + rank).start(() -> relay(rank, process, err));
    return new RankProcess(rank, process, relay);
  }

  /// This JVM's own program, options and class path, with another main class.
  private static List<String> command(Class<?> program, List<String> arguments) {
    var command = new ArrayList<String>();
    command.add(ProcessHandle.current().info().command().orElse(Path.of(System.getProperty("java.home"), "bin", "java").toString()));
    command.addAll(ManagementFactory.getRuntimeMXBean().getInputArguments());
    command.addAll(List.of("-cp", System.getProperty("java.class.path", "." + File.pathSeparator), program.getName()));
    command.addAll(arguments);
    return command;
  }

  private static void relay(int rank, Process process, PrintWriter err) {
    try (var lines = new BufferedReader(new InputStreamReader(process.getErrorStream(), Charset.defaultCharset()))) {
      lines.lines().forEach(line -> {
        err.println("[rank " + rank + "] " + line);
        err.flush();
      });
    } catch (IOException | UncheckedIOException _) {
      // the process was ended while it spoke
      return;
    }
  }

  int rank() {
    return rank;
  }

  /// Its exit code; 128 and the signal's number if a signal ended it. Only after its end.
  int code() {
    return process.exitValue();
  }

  void onExit(Runnable action) {
    var _ = process.onExit().thenRun(action);
  }

  /// It was asked to end, and saved.
  boolean wasInterrupted() {
    return code() == ExitCodes.INTERRUPTED || code() == TERMINATED;
  }

  /// This launcher ended it.
  boolean wasKilled() {
    return killed;
  }

  /// `exit code 137 (signal 9)`
  String ending() {
    int code = code();
    return "exit code " + code + (code > SIGNAL && code < SIGNAL + 65 ? " (signal " + (code - SIGNAL) + ")" : "");
  }

  void interrupt() {
    process.destroy();
  }

  void kill() {
    if (process.isAlive()) {
      killed = true;
      process.destroyForcibly();
    }
  }

  /// Waits until all that it said is passed on.
  void relayed() throws InterruptedException {
    if (relay != null) {
      relay.join();
    }
  }
}
