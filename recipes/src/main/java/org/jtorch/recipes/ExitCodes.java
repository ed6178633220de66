package org.jtorch.recipes;

import java.nio.file.FileSystemException;
import java.util.Map;
import org.jtorch.io.HasExitCode;
import org.jtorch.tensor.ranks.RanksException;

/// What the shell gets, for every command.
public final class ExitCodes {
  public static final int DONE = 0;
  /// A check failed, for instance numerical parity.
  public static final int CHECK_FAILED = 1;
  /// A recipe or the use of the command line is wrong.
  public static final int USAGE = 2;
  /// A data or model file is missing or broken.
  public static final int DATA = 3;
  public static final int OUT_OF_MEMORY = 4;
  public static final int DIVERGED = 5;
  /// Another process of the run is gone or silent; the state on disk is intact.
  public static final int RANK_GONE = RanksException.EXIT_CODE;
  /// Anything that has no code of its own: a fault of JTorch.
  public static final int INTERNAL = 70;
  /// Interrupted, and the state is saved.
  public static final int INTERRUPTED = 130;

  /// Exceptions that cannot implement [HasExitCode]; the first that fits counts.
  private static final Map<Class<? extends Throwable>, Integer> FOREIGN = Map.of(
      IllegalArgumentException.class, USAGE,
      FileSystemException.class, DATA,
      OutOfMemoryError.class, OUT_OF_MEMORY,
      InterruptedException.class, INTERRUPTED);

  private ExitCodes() {}

  /// The code of the outermost exception in the chain of causes that has one.
  public static int of(Throwable thrown) {
    return own(shown(thrown));
  }

  /// The exception to show: the outermost with a code, or else the one given.
  public static Throwable shown(Throwable thrown) {
    Throwable t = thrown;
    for (int depth = 0; t != null && depth < 32; depth++) {
      if (own(t) != INTERNAL) return t;
      t = t.getCause();
    }
    return thrown;
  }

  private static int own(Throwable t) {
    if (t instanceof HasExitCode coded) return coded.exitCode();
    return FOREIGN.entrySet().stream().filter(e -> e.getKey().isInstance(t)).findFirst().map(Map.Entry::getValue)
        .orElse(INTERNAL);
  }
}
