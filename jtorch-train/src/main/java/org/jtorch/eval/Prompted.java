package org.jtorch.eval;

/// A text whose probability is asked for, and the text before it.
public record Prompted(String context, String continuation) {}
