package org.jtorch.attention;

/// What one layer keeps of the tokens so far while a model writes: attention its keys and values, a recurrence its last state.
public interface LayerState {
  /// The memory of its tensors.
  long bytes();

  /// Forgets all tokens, keeping the memory.
  void clear();
}
