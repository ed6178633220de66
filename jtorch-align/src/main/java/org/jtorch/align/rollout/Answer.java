package org.jtorch.align.rollout;

import org.jtorch.generate.Generation;

/// What a policy said to a prompt.
///
/// @param text of the new tokens without special ones
public record Answer(Prompt prompt, Generation generation, String text) {
  /// False if the answer was cut at the most tokens that it could have.
  public boolean isComplete() {
    return generation.stopped();
  }

  /// How many tokens it has, the stop token included.
  public int length() {
    return generation.tokens().length;
  }
}
