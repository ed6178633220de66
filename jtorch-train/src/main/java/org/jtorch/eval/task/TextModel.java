package org.jtorch.eval.task;

import java.util.Set;
import org.jtorch.eval.PromptEncoder;
import org.jtorch.eval.Scorer;

/// A model with its tokenizer, as tasks ask it.
///
/// @param stopTokens end what it writes
public record TextModel(Scorer scorer, PromptEncoder encoder, Set<Long> stopTokens) {
  public TextModel {
    stopTokens = Set.copyOf(stopTokens);
  }
}
