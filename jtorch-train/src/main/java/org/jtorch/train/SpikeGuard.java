package org.jtorch.train;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Deque;
import java.util.List;
import org.jtorch.io.JsonFile;

/// Leaves out updates whose gradient norm is far above the recent ones, or not finite: one bad batch costs one
/// step, not the run.
///
/// A step is a spike when its norm exceeds `mean + sigmas · deviation` of the last `window` good ones. Without a full
/// half window it only refuses what is not finite.
///
/// While updates are left out the weights stay, so norms that stay high on batch after batch are no spike: they are what these
/// weights have. After `patience` refusals the guard forgets the old norms and learns the new level. A run has diverged when
/// most of those refusals were not finite, or when the level rises [#MOST_RISES] times before a window of good steps has passed.
public final class SpikeGuard implements Saved {
  /// @param window good steps that are remembered; 0 only refuses what is not finite
  /// @param sigmas deviations above the mean that make a spike
  /// @param patience steps in a row without an update after which norms have a new level, or the run has diverged
  public record Options(int window, double sigmas, int patience) {
    public static final Options DEFAULT = new Options(128, 6, 20);

    public Options {
      if (window < 0) {
        throw new IllegalArgumentException("`window` must be >= 0 (0: refuse only what is not finite) but was " + window + "; 128 is usual");
      }
      if (!(sigmas > 0)) {
        throw new IllegalArgumentException("`sigmas` must be > 0 but was " + sigmas + "; 6 is usual");
      }
      if (patience < 1) {
        throw new IllegalArgumentException("`patience` must be >= 1 but was " + patience + "; 20 is usual");
      }
    }
  }

  static final int MOST_RISES = 3;

  private final Options options;
  private final Deque<Double> norms = new ArrayDeque<>();
  /// Norms left out in a row; NaN for a step without a finite loss and norm.
  private final List<Double> refused = new ArrayList<>();
  private int rises;
  private int goodSinceRise;
  private boolean learnt;

  public SpikeGuard(Options options) {
    this.options = options;
  }

  /// True if this step's update should be made.
  ///
  /// @throws DivergedException if no step has helped for long, see above
  public boolean accept(double loss, double norm) {
    boolean finite = Double.isFinite(loss) && Double.isFinite(norm);
    learnt = false;
    if (finite && !isSpike(norm)) {
      remember(norm);
      return true;
    }
    refused.add(finite ? norm : Double.NaN);
    if (refused.size() < options.patience()) {
      return false;
    }
    learnNewLevel(loss, norm);
    return finite;
  }

  /// Whether the last step made it learn a new level of norms.
  public boolean hasLearnt() {
    return learnt;
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
    refused.clear();
    norms.addLast(norm);
    if (norms.size() > options.window()) {
      norms.removeFirst();
    }
    goodSinceRise++;
    if (goodSinceRise >= options.window()) {
      rises = 0;
    }
  }

  private void learnNewLevel(double loss, double norm) {
    var finite = refused.stream().filter(Double::isFinite).toList();
    if (2 * finite.size() < refused.size()) {
      throw diverged(refused.size() + " steps in a row had no usable gradient", loss, norm);
    }
    rises++;
    if (rises >= MOST_RISES) {
      throw diverged("gradient norms rose to a new level " + rises + " times within " + options.window() + " good steps", loss, norm);
    }
    norms.clear();
    norms.addAll(finite.subList(Math.max(0, finite.size() - options.window()), finite.size()));
    refused.clear();
    goodSinceRise = 0;
    learnt = true;
  }

  private static DivergedException diverged(String what, double loss, double norm) {
    return new DivergedException("diverged: " + what + " (last loss " + loss + ", gradient norm " + norm
        + "); lower the learning rate, lengthen the warm-up, or resume from an earlier checkpoint");
  }

  @Override public ObjectNode facts() {
    var node = Saved.super.facts().put("rises", rises).put("good_since_rise", goodSinceRise);
    put(node, "norms", norms);
    put(node, "refused", refused);
    return node;
  }

  private static void put(ObjectNode node, String key, Collection<Double> values) {
    var array = node.putArray(key);
    values.forEach(d -> array.add(Double.toString(d)));
  }

  @Override public void restore(JsonFile facts) {
    rises = facts.requiredInt("rises");
    goodSinceRise = facts.requiredInt("good_since_rise");
    restore(facts, "norms", norms);
    restore(facts, "refused", refused);
  }

  private static void restore(JsonFile facts, String key, Collection<Double> values) {
    values.clear();
    facts.requiredStrings(key).stream().map(Double::valueOf).forEach(values::add);
  }
}
