package org.jtorch.recipes.launch;

import java.io.IOException;
import java.io.PrintWriter;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.util.List;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.jtorch.recipes.ExitCodes;
import org.jtorch.recipes.Signals;

/// Runs a program in several processes of this machine under torchrun's environment variables. Rank 0 has the terminal,
/// the others' errors come with their rank before them. A signal reaches all; if one ends badly, the rest ends, too.
public final class Launcher {
  /// What the others have to notice by themselves that one is gone.
  private static final long GRACE_SECONDS = 10;
  private static final String PARENT = "JTORCH_LAUNCHER";

  private final List<RankProcess> all = new CopyOnWriteArrayList<>();
  private final BlockingQueue<RankProcess> ended = new LinkedBlockingQueue<>();

  private Launcher() {}

  /// Starts the processes and waits until all have ended.
  ///
  /// @param program whose `main` gets `arguments` in every process, with the options and class path of this JVM
  /// @return 0 if all ended well; otherwise the exit code of the first that failed by itself, and not for another's sake
  public static int run(Class<?> program, List<String> arguments, int processes, PrintWriter err) {
    var launcher = new Launcher();
    try (var _ = Signals.to(_ -> launcher.all.forEach(RankProcess::interrupt))) {
      launcher.start(program, arguments, processes, err);
      return launcher.await(err);
    } catch (IOException e) {
      throw new IllegalStateException("could not start " + processes + " processes: " + e.getMessage(), e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return ExitCodes.INTERRUPTED;
    } finally {
      launcher.all.forEach(RankProcess::kill);
    }
  }

  private void start(Class<?> program, List<String> arguments, int processes, PrintWriter err) throws IOException {
    var common = Map.of("WORLD_SIZE", Integer.toString(processes), "LOCAL_WORLD_SIZE", Integer.toString(processes),
        "MASTER_ADDR", "127.0.0.1", "MASTER_PORT", Integer.toString(freePort()), PARENT, Long.toString(ProcessHandle.current().pid()));
    int threads = Math.max(1, Runtime.getRuntime().availableProcessors() / processes);
    for (int rank = 0; rank < processes; rank++) {
      var one = RankProcess.start(rank, program, arguments, common, threads, err);
      all.add(one);
      one.onExit(() -> ended.add(one));
    }
  }

  private static int freePort() throws IOException {
    try (var socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      return socket.getLocalPort();
    }
  }

  private int await(PrintWriter err) throws InterruptedException {
    RankProcess failed = null;
    for (int left = all.size(); left > 0; left--) {
      failed = worse(failed, failed == null || failed.wasInterrupted() ? ended.take() : next());
    }
    for (var one : all) {
      one.relayed();
    }
    if (failed == null) {
      return ExitCodes.DONE;
    }
    if (!failed.wasInterrupted()) {
      err.println("error: rank " + failed.rank() + " ended with " + failed.ending()
          + ", and the run with it; the same command goes on from the last checkpoint");
      err.flush();
    }
    return failed.wasInterrupted() ? ExitCodes.INTERRUPTED : failed.code();
  }

  /// The next that ends, after a failure: by itself, or by force when it has had the time.
  private RankProcess next() throws InterruptedException {
    var one = ended.poll(GRACE_SECONDS, TimeUnit.SECONDS);
    if (one == null) {
      all.forEach(RankProcess::kill);
      one = ended.take();
    }
    return one;
  }

  /// Of two, the one whose exit code explains the end of the run: the first that failed, but rather one that did not
  /// merely miss another.
  private static @Nullable RankProcess worse(@Nullable RankProcess before, RankProcess now) {
    if (now.code() == ExitCodes.DONE || now.wasKilled()) {
      return before;
    }
    boolean consequence = before != null && (before.code() != ExitCodes.RANK_GONE || now.code() == ExitCodes.RANK_GONE);
    return consequence ? before : now;
  }

  /// In a process that a launcher started: ends it, saving, when that launcher is gone without a word.
  @SuppressWarnings("FutureReturnValueIgnored")                // it signals this process, and nobody waits for that
  public static void watch(Map<String, String> environment) {
    String parent = environment.get(PARENT);
    if (parent != null) {
      ProcessHandle.of(Long.parseLong(parent)).ifPresent(p -> {
        var _ = p.onExit().thenRun(Signals::terminate);
      });
    }
  }
}
