package org.jtorch.eval;

/// How probable a continuation is.
///
/// @param logProb natural logarithm of its probability: the sum over its tokens
/// @param greedy whether each of its tokens is the most probable one
/// @param tokens of the continuation
public record Likelihood(double logProb, boolean greedy, int tokens) {}
