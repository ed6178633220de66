package org.jtorch.align.sampling;

import org.jtorch.align.rollout.Reward;

/// What an answer must come up to before rewards compare it with others.
///
/// @param name for the manifest
/// @param atLeast the least that the reward must say; NaN never passes
public record Checker(String name, Reward reward, double atLeast) {}
