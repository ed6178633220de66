package org.jtorch.io;

/// An exception that knows the exit code of a program it ends: 0 done, 1 a check failed, 2 recipe or usage,
/// 3 data or model files, 4 out of memory, 5 diverged, 6 another process is gone, 130 interrupted and saved.
public interface HasExitCode {
  /// The code for the shell.
  int exitCode();
}
