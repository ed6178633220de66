package org.jtorch.align.chats;

/// Which of the assistant's turns are learned.
public enum TrainedTurns {
  ALL,
  /// The last one, in the context of the others: Llama 3's rows (arXiv:2407.21783, section 4.1).
  LAST
}
