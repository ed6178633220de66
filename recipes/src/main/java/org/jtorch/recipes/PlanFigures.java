package org.jtorch.recipes;

/// What a plan comes to.
///
/// @param parameters of the model that the run leaves; 0 if it leaves none
/// @param bytes of memory at the peak
/// @param tokens that are trained on
/// @param seconds that the run takes
public record PlanFigures(long parameters, double bytes, double tokens, double seconds) {
  /// Of a stage that takes no time or memory to speak of.
  public static final PlanFigures NOTHING = new PlanFigures(0, 0, 0, 0);
}
