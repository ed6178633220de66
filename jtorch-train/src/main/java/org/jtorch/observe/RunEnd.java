package org.jtorch.observe;

/// A run ends.
///
/// @param outcome one word or sentence: `finished`, `stopped`, or what went wrong
/// @param seconds wall time since the [RunStart]
public record RunEnd(String outcome, double seconds) {}
