package org.jtorch.io;

/// A data or model file that cannot be used: missing, truncated, damaged or hostile.
///
/// The message names the file and what to do; the command line turns it into exit code 3.
public class DataException extends RuntimeException implements HasExitCode {
  private static final long serialVersionUID = 1L;

  public DataException(String message) {
    super(message);
  }

  public DataException(String message, Throwable cause) {
    super(message, cause);
  }

  @Override public int exitCode() {
    return 3;
  }
}
