package org.jtorch.eval;

/// Tokens whose probability is asked for, and what stands before them.
@SuppressWarnings("ArrayRecordComponent")     // never compared
public record Continuation(long[] context, long[] tokens) {
  public Continuation {
    if (context.length == 0) {
      throw new IllegalArgumentException("a continuation of " + tokens.length
          + " tokens has no context; give one token at least, the tokenizer's BOS for example");
    }
    if (tokens.length == 0) {
      throw new IllegalArgumentException("a continuation has no tokens; its context has " + context.length);
    }
  }
}
