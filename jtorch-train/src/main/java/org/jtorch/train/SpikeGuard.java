package org.jtorch.train;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import org.jtorch.io.JsonFile;

/// Leaves out updates whose gradient norm is far above the recent ones, or not finite: one bad batch costs one
/// step, not the run.
///
/// A step is a spike when its norm exceeds `mean + sigmas · deviation` of the last `window` good ones. Without a full
/// half window it only refuses what is not finite.
public final class SpikeGuard implements Saved {
  /// @param window good steps that are remembered; 0 only refuses what is not finite
  /// @param sigmas deviations above the mean that make a spike
  /// @param patience steps in a row without an update after which the run has diverged
  public record Options(int window, double sigmas, int patience) {
    public static final Options DEFAULT = new Options(128, 6, 20);

    public Options {
      if (window < 0 || sigmas <= 0 || patience < 1) {
        throw new IllegalArgumentException("spike guard: `window` >= 0, `sigmas` > 0 and `patience` >= 1 are needed, but they are "
            + window + ", " + sigmas + " and " + patience);
      }
    }
  }

  private static final String STATE = "skipped_and_norms";

  private final Options options;
  private final Deque<Double> norms = new ArrayDeque<>();
  private int skipped;

  public SpikeGuard(Options options) {
    this.options = options;
  }

  /// True if this step's update should be made.
  ///
  /// @throws DivergedException after `patience` refusals in a row
  public boolean accept(double loss, double norm) {
    boolean good = Double.isFinite(loss) && Double.isFinite(norm) && !isSpike(norm);
    if (good) {
      skipped = 0;
      remember(norm);
      return true;
    }
    if (++skipped >= options.patience()) {
      throw new DivergedException("diverged: " + skipped + " steps in a row had no usable gradient (last loss " + loss
          + ", gradient norm " + norm + "); lower the learning rate, lengthen the warm-up, or resume from an earlier checkpoint");
    }
    return false;
  }

  private boolean isSpike(double norm) {
    if (options.window() == 0 || norms.size() < options.window() / 2) {
      return false;
    }
    double mean = norms.stream().mapToDouble(d -> d).average().orElse(0);
    double variance = norms.stream().mapToDouble(d -> (d - mean) * (d - mean)).average().orElse(0);
    return norm > mean + options.sigmas() * Math.max(Math.sqrt(variance), 0.05 * mean);
  }

  private void remember(double norm) {
    norms.addLast(norm);
    if (norms.size() > options.window()) {
      norms.removeFirst();
    }
  }

  @Override public ObjectNode facts() {
    var node = Saved.super.facts();
    var array = node.putArray(STATE);
    state().forEach(d -> array.add(Double.toString(d)));
    return node;
  }

  @Override public void restore(JsonFile facts) {
    restore(facts.requiredStrings(STATE).stream().map(Double::valueOf).toList());
  }

  /// What a checkpoint needs to go on exactly: steps left out in a row, then the norms that are remembered.
  public List<Double> state() {
    var list = new ArrayList<>(norms);
    list.addFirst((double) skipped);
    return list;
  }

  public void restore(List<Double> state) {
    norms.clear();
    skipped = state.isEmpty() ? 0 : state.getFirst().intValue();
    state.stream().skip(1).forEach(norms::addLast);
  }
}
