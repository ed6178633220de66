package org.jtorch.train;

import org.jtorch.io.HasExitCode;

/// Training went where no further step helps: too many steps in a row without a finite loss and gradient.
public final class DivergedException extends RuntimeException implements HasExitCode {
  private static final long serialVersionUID = 1L;

  public DivergedException(String message) {
    super(message);
  }

  @Override public int exitCode() {
    return 5;
  }
}
