package org.jtorch.longcontext;

import org.jspecify.annotations.Nullable;

/// What trains the model that a [ContextExtension] extends.
public interface LengthTrainer {
  /// From here on rows have this length and the model these rotary positions; weights and optimizer stay as they are. Does nothing where
  /// that is so already.
  ///
  /// @param rung null for the model as it was before the extension
  void enter(@Nullable Rung rung);

  /// Trains until so many tokens are seen.
  ///
  /// @param tokens since the extension began, of all lengths
  /// @return false if it was asked to stop before; the same call goes on later
  boolean trainTo(long tokens);

  /// What the model and the optimizer are now is what [#rollBack] returns to.
  void keep();

  /// Model and optimizer become what was kept at a length; when they are already, nothing happens.
  ///
  /// @param to that length, or null for the model as it was before the extension
  /// @param tokens that had been seen then
  void rollBack(@Nullable Rung to, long tokens);
}
