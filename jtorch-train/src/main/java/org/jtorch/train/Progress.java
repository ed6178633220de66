package org.jtorch.train;

/// Where a run stands after `step` steps.
///
/// @param tokens trained on so far
/// @param loss of the last step; NaN before the first
public record Progress(long step, long tokens, double loss) {
  public static final Progress START = new Progress(0, 0, Double.NaN);
}
