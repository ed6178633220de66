package org.jtorch.longcontext;

/// What was found after a chunk of training, and decided.
///
/// @param length of the rows
/// @param tokens of training at this length so far
/// @param shortContext the figure of the short-context evaluation
/// @param passed whether the length is learnt
/// @param why the figures in words
public record Decision(int length, long tokens, double shortContext, LongContext.Found needles, boolean passed, String why) {
  /// A line for people.
  @Override public String toString() {
    return "%,d tokens of context after %,d tokens of training: %s: %s".formatted(length, tokens, passed ? "passed" : "not yet", why);
  }
}
