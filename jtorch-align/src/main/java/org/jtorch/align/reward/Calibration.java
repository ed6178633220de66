package org.jtorch.align.reward;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/// Whether a reward model is as certain as it is right: Bradley-Terry takes a lead of Δ for a certainty of σ(Δ), so of the pairs of which it is
/// certain by 80 of 100 it should rank 80 of 100 as the annotators do (Askell et al., arXiv:2112.00861, section 3.4).
///
/// @param bins by certainty, from 1/2 to 1; those without pairs are left out
public record Calibration(List<Bin> bins) {
  /// Pairs of about one certainty.
  ///
  /// @param certainty the mean of what the model says
  /// @param right the share that is ranked right
  /// @param pairs how many
  public record Bin(double certainty, double right, int pairs) {}

  public Calibration {
    bins = List.copyOf(bins);
  }

  /// @param leads of the better answers over the worse ones
  /// @param bins of equal width
  public static Calibration of(double[] leads, int bins) {
    if (bins < 1) {
      throw new IllegalArgumentException("`bins` must be >= 1 but was " + bins + "; 5 is usual");
    }
    double[] certainty = new double[bins];
    double[] right = new double[bins];
    int[] pairs = new int[bins];
    for (double lead : leads) {
      double said = 1 / (1 + Math.exp(-Math.abs(lead)));
      int bin = Math.min(bins - 1, (int) ((said - 0.5) * 2 * bins));
      certainty[bin] += said;
      right[bin] += lead > 0 ? 1 : 0;
      pairs[bin]++;
    }
    var all = new ArrayList<Bin>();
    for (int i = 0; i < bins; i++) {
      if (pairs[i] > 0) {
        all.add(new Bin(certainty[i] / pairs[i], right[i] / pairs[i], pairs[i]));
      }
    }
    return new Calibration(all);
  }

  /// The expected calibration error: how far certainty and truth are apart, the mean over all pairs (Guo et al., arXiv:1706.04599, eq. 3). NaN
  /// without pairs.
  public double error() {
    int n = bins.stream().mapToInt(Bin::pairs).sum();
    double sum = bins.stream().mapToDouble(b -> b.pairs * Math.abs(b.certainty - b.right)).sum();
    return n == 0 ? Double.NaN : sum / n;
  }

  /// The leads of several parts as one.
  static double[] join(List<double[]> parts) {
    return parts.stream().flatMapToDouble(Arrays::stream).toArray();
  }
}
