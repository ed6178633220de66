package org.jtorch.prune;

/// How masks tighten over a run: from all F neurons of a layer to those that stay, and from soft to nearly hard.
///
/// The target falls in a straight line over the first part of the steps, as Sheared LLaMA warms its target up (arXiv:2310.06694);
/// ε falls by the same factor every step. AFM's report gives neither, so the defaults are our choice.
///
/// @param steps of the whole run
/// @param width neurons of a layer before, F
/// @param kept neurons of a layer that stay, k
/// @param warmup the part of the steps after which the target is k
/// @param epsilonStart ε of the first step
/// @param epsilonEnd ε at the end
public record MaskSchedule(long steps, int width, int kept, double warmup, double epsilonStart, double epsilonEnd) {
  public static final double WARMUP = 0.2;
  public static final double EPSILON_START = 1;
  public static final double EPSILON_END = 0.05;

  public MaskSchedule {
    Require.that(steps >= 1, "steps", steps, "1 or above", "1000");
    Require.that(kept >= 1 && kept <= width, "hidden", kept, "from 1 to the width of the feed-forward layers (" + width + ")",
        Integer.toString(Math.max(1, width / 3)));
    Require.that(warmup >= 0 && warmup <= 1, "warmup", warmup, "a part of the steps, from 0 to 1", "0.2");
    Require.that(epsilonEnd > 0, "epsilon_end", epsilonEnd, "above 0", "0.05");
    Require.that(epsilonStart >= epsilonEnd && epsilonStart < Double.POSITIVE_INFINITY, "epsilon_start", epsilonStart,
        "at least `epsilon_end` (" + epsilonEnd + ")", "1");
  }

  public MaskSchedule(long steps, int width, int kept) {
    this(steps, width, kept, WARMUP, EPSILON_START, EPSILON_END);
  }

  /// How many neurons of a layer a mask shall leave at `step`, counted from 0; it need not be whole.
  public double target(long step) {
    double done = warmup == 0 ? 1 : Math.min(1, step / (warmup * steps));
    return width + (kept - width) * done;
  }

  /// ε at `step`, counted from 0.
  public double epsilon(long step) {
    return epsilonStart * Math.pow(epsilonEnd / epsilonStart, Math.min(1, (double) step / steps));
  }
}
