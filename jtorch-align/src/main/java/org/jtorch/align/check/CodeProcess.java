package org.jtorch.align.check;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/// A process with limits, all of whose offspring is ended with it.
///
/// `ulimit` of a shell sets the limits: memory, time of a processor, the size of a file (so that endless output to files ends), no core
/// dumps. What it prints goes nowhere. Offspring is found by descent, and on Linux also by its session and by a mark in its environment, one
/// of which a process keeps that has left its parent behind. It is stopped before it is killed, so that what forks without end cannot
/// outrun it.
record CodeProcess(List<String> command, CodeLimits limits) {
  private static final int STOPPED = -1;
  private static final int ROUNDS = 200;
  private static final int MOST = 64;                                   // processes at a time
  private static final long LOOK_EVERY = 50_000_000;
  private static final String MARK = "JTORCH_CODE";
  private static final String SHELL = "/bin/sh";
  private static final long FILE_BLOCKS = 32 << 10;                     // of 512 bytes, in some shells of 1024
  private static final Set<String> KEPT = Set.of("PATH", "LD_LIBRARY_PATH", "PYENV_ROOT", "LANG", "TZ");

  /// Fails unless limits can be set here, because else every answer would be wrong.
  ///
  /// @throws IllegalArgumentException saying so
  void require() {
    try {
      if (new ProcessBuilder(SHELL, "-c", limited("exit 0")).start().waitFor() == 0) {
        return;
      }
      throw new IllegalArgumentException("the shell of this machine cannot limit the memory of a program to " + limits.megabytes()
          + " megabytes (`ulimit -v`), so no code is run here; use Linux, or fewer `megabytes`");
    } catch (IOException e) {
      throw new IllegalArgumentException("code needs a shell to run in, and there is no " + SHELL, e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private String limited(String then) {
    return "ulimit -c 0; ulimit -f " + FILE_BLOCKS + "; ulimit -t " + (long) Math.ceil(limits.seconds() + 1) + "; ulimit -v "
        + limits.megabytes() * 1024L + " || exit 126; " + then;
  }

  /// Runs to its end or its limits.
  ///
  /// @param folder where it runs, and may write
  /// @return the exit code; -1 if it took too long or made too many processes
  int run(Path folder, String file) throws IOException {
    String mark = UUID.randomUUID().toString();
    var process = start(folder, file, mark);
    try {
      long until = System.nanoTime() + Math.round(limits.seconds() * 1e9);
      while (System.nanoTime() < until && family(process, mark).size() <= MOST) {
        if (process.waitFor(Math.min(LOOK_EVERY, until - System.nanoTime()), TimeUnit.NANOSECONDS)) {
          return process.exitValue();
        }
      }
      return STOPPED;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return STOPPED;
    } finally {
      end(process, mark);
    }
  }

  private Process start(Path folder, String file, String mark) throws IOException {
    String set = limited("if command -v setsid > /dev/null; then exec setsid \"$@\"; else exec \"$@\"; fi");
    var words = new ArrayList<>(List.of(SHELL, "-c", set, "sh"));
    words.addAll(command);
    words.add(file);
    var builder = new ProcessBuilder(words).directory(folder.toFile()).redirectOutput(ProcessBuilder.Redirect.DISCARD)
        .redirectError(ProcessBuilder.Redirect.DISCARD);
    Map<String, String> environment = builder.environment();
    environment.keySet().retainAll(KEPT);
    environment.putAll(Map.of("HOME", folder.toString(), "TMPDIR", folder.toString(), "OMP_NUM_THREADS", "1", "OPENBLAS_NUM_THREADS", "1", MARK, mark));
    var process = builder.start();
    process.getOutputStream().close();                                  // nothing to read
    return process;
  }

  /// Ends a process and everything that came from it, over and over until twice nothing is left: what begins to run another program has
  /// no environment for a moment.
  private static void end(Process process, String mark) {
    int quiet = 0;
    for (int round = 0; round < ROUNDS && quiet < 2; round++) {
      var left = family(process, mark);
      quiet = left.isEmpty() ? quiet + 1 : 0;
      if (!left.isEmpty()) {
        signal("STOP", left);
        left.addAll(family(process, mark));                             // those that were made meanwhile
        signal("KILL", left);
      }
    }
    if (quiet < 2) {
      throw new IllegalStateException("a program cannot be ended: its processes " + family(process, mark) + " stay");
    }
  }

  private static Set<Long> family(Process process, String mark) {
    var found = Stream.concat(process.descendants(), Stream.of(process.toHandle())).filter(ProcessHandle::isAlive).map(ProcessHandle::pid)
        .collect(Collectors.toCollection(TreeSet::new));
    if (Files.isDirectory(Path.of("/proc/self"))) {
      ProcessHandle.allProcesses().map(ProcessHandle::pid).filter(pid -> belongs(pid, process.pid(), MARK + "=" + mark)).forEach(found::add);
      found.removeIf(pid -> state(pid).startsWith("Z"));                // ended, though nobody has asked about it
    }
    return found;
  }

  private static boolean belongs(long pid, long session, String mark) {
    String[] state = state(pid).split(" ", 5);                          // state, parent, group, session, ...
    return state.length == 5 && state[3].equals(Long.toString(session)) || read(pid, "environ").contains(mark);
  }

  /// What Linux says of a process after its name; nothing if it is gone.
  private static String state(long pid) {
    String stat = read(pid, "stat");
    return stat.substring(stat.lastIndexOf(')') + 1).strip();
  }

  private static String read(long pid, String file) {
    try {
      return new String(Files.readAllBytes(Path.of("/proc/" + pid + "/" + file)), ISO_8859_1);
    } catch (IOException | SecurityException e) {
      return "";                                                        // gone, or another user's
    }
  }

  private static void signal(String name, Set<Long> pids) {
    try {
      var words = new ArrayList<>(List.of("kill", "-" + name));
      pids.forEach(pid -> words.add(Long.toString(pid)));
      var kill = new ProcessBuilder(SHELL, "-c", String.join(" ", words)).redirectOutput(ProcessBuilder.Redirect.DISCARD)
          .redirectError(ProcessBuilder.Redirect.DISCARD).start();
      var _ = kill.waitFor(10, TimeUnit.SECONDS);
    } catch (IOException e) {
      pids.forEach(pid -> ProcessHandle.of(pid).ifPresent(ProcessHandle::destroyForcibly));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /// Deletes a folder with what a program left in it, as far as it can.
  static void delete(Path folder) {
    try (var all = Files.walk(folder)) {
      for (var each : all.sorted(Comparator.reverseOrder()).toList()) {
        Files.deleteIfExists(each);
      }
    } catch (IOException | UncheckedIOException e) {
      folder.toFile().deleteOnExit();
    }
  }
}
