package org.jtorch.tensor.ranks;

import org.jtorch.io.HasExitCode;

/// Another process of the run is gone or does not answer; this one cannot go on without it.
public final class RanksException extends RuntimeException implements HasExitCode {
  /// For the shell: another process ended first, and its own exit code says why.
  public static final int EXIT_CODE = 6;
  private static final long serialVersionUID = 1L;

  private RanksException(String message, Throwable cause) {
    super(message, cause);
  }

  /// A collective call that failed.
  static RanksException lost(RankEnvironment mine, RuntimeException cause) {
    String reason = reason(cause);
    String state = reason.contains("imed out") ? " does not answer" : " is gone";
    return new RanksException(others(mine) + state + " (" + reason + "), so rank " + mine.rank() + " of " + mine.size() + " ends",
        cause);
  }

  /// The processes did not find each other.
  static RanksException apart(RankEnvironment mine, RuntimeException cause) {
    return new RanksException("rank " + mine.rank() + " of " + mine.size() + " did not find the others through " + mine.address() + ":"
        + mine.port() + " (" + reason(cause) + "); start as many processes as WORLD_SIZE says, with the same MASTER_ADDR and a free "
        + "MASTER_PORT, e.g. 29500", cause);
  }

  private static String others(RankEnvironment mine) {
    return mine.size() == 2 ? "rank " + (1 - mine.rank()) : "another rank";
  }

  /// The first line without the source file that libtorch puts before it.
  private static String reason(RuntimeException cause) {
    String text = cause.getMessage() == null ? cause.toString() : cause.getMessage();
    String line = text.lines().findFirst().orElse("").replaceFirst("^\\[[^\\]]*\\.(cc|cpp|h):\\d+\\] ?", "").replace("[", "").replace("]", "");
    return line.length() > 200 ? line.substring(0, 200) + "…" : line;
  }

  @Override public int exitCode() {
    return EXIT_CODE;
  }
}
