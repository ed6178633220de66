package org.jtorch.recipes.pretrain;

import org.jtorch.io.HasExitCode;
import org.jtorch.recipes.ExitCodes;

/// A context length that was not learnt within its budget, in a recipe that asks to stop then.
final class GateException extends RuntimeException implements HasExitCode {
  private static final long serialVersionUID = 1L;

  GateException(String message) {
    super(message);
  }

  @Override public int exitCode() {
    return ExitCodes.CHECK_FAILED;
  }
}
