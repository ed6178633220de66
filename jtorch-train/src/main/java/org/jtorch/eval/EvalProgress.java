package org.jtorch.eval;

/// Hears how far an evaluation is.
@FunctionalInterface
public interface EvalProgress {
  EvalProgress NONE = (_, _, _) -> {};

  /// @param done of what was asked
  /// @param total what was asked in all
  /// @param tokens that went through the model for it so far
  void at(long done, long total, long tokens);
}
