package org.jtorch.align.reward;

import java.util.ArrayList;
import java.util.List;

/// Whether a reward model is right as often as it says: by Bradley-Terry it holds the answer with the higher score for the better one with
/// probability `sigmoid(lead)`.
///
/// @param bins by that probability, from 1/2 to 1; those without a pair are left out
public record Calibration(List<Bin> bins) {
  private static final int BINS = 5;

  /// @param low the least probability that falls into it
  /// @param high the one from which on pairs fall into the next
  /// @param pairs how many fell into it
  /// @param said the mean of their probabilities
  /// @param right the share of them that is ranked right; a lead of 0 is half right
  public record Bin(double low, double high, int pairs, double said, double right) {}

  public Calibration {
    bins = List.copyOf(bins);
  }

  /// @param leads of the better answer's score over the worse one's, for each pair
  public static Calibration of(double[] leads) {
    int[] pairs = new int[BINS];
    double[] said = new double[BINS];
    double[] right = new double[BINS];
    for (double lead : leads) {
      double p = 1 / (1 + Math.exp(-Math.abs(lead)));
      int bin = Math.clamp((int) ((p - 0.5) * 2 * BINS), 0, BINS - 1);
      pairs[bin]++;
      said[bin] += p;
      right[bin] += lead > 0 ? 1 : lead == 0 ? 0.5 : 0;
    }
    var bins = new ArrayList<Bin>();
    for (int i = 0; i < BINS; i++) {
      if (pairs[i] > 0) {
        bins.add(new Bin(0.5 + 0.5 * i / BINS, 0.5 + 0.5 * (i + 1) / BINS, pairs[i], said[i] / pairs[i], right[i] / pairs[i]));
      }
    }
    return new Calibration(bins);
  }

  /// The expected calibration error (arXiv:1706.04599, equation 3): how far the bins' shares are from what was said, on average over pairs.
  public double error() {
    double pairs = bins.stream().mapToInt(Bin::pairs).sum();
    return pairs == 0 ? Double.NaN : bins.stream().mapToDouble(b -> b.pairs / pairs * Math.abs(b.said - b.right)).sum();
  }
}
