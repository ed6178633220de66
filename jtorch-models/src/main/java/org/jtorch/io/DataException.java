package org.jtorch.io;

import java.io.IOException;
import java.nio.file.Path;

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

  /// A file that cannot be written or added to: what went wrong, and how much room its disk has.
  public static DataException cannotWrite(Path file, IOException e) {
    return new DataException("cannot write " + file + ": " + DiskFiles.why(e) + DiskFiles.freeSpace(file)
        + "; check the folder's permissions and its disk", e);
  }

  @Override public int exitCode() {
    return 3;
  }
}
