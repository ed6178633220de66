package org.jtorch.eval.stats;

/// Whether two models differ on the same items. Both tests are two-sided.
///
/// @param name `McNemar exact` or `paired t`
/// @param difference mean of the second model's values less the first's
/// @param p how often a difference of this size comes about by chance where there is none; NaN where the items cannot say
/// @param n items
public record PairedTest(String name, double difference, double p, long n) {
  /// For right (1) and wrong (0): of the items on which the models differ, each is a fair coin if neither is better. The p-value is
  /// the binomial distribution's (McNemar, 1947, in its exact form).
  public static PairedTest mcNemar(double[] first, double[] second) {
    requireSameSize(first, second);
    long better = 0;
    long worse = 0;
    for (int i = 0; i < first.length; i++) {
      better += second[i] > first[i] ? 1 : 0;
      worse += second[i] < first[i] ? 1 : 0;
    }
    return new PairedTest("McNemar exact", (double) (better - worse) / first.length,
        Math.min(1, 2 * tail(better + worse, Math.min(better, worse))), first.length);
  }

  /// Probability of at most `k` heads in `n` throws.
  private static double tail(long n, long k) {
    double log = -n * Math.log(2);                      // of C(n, i) / 2ⁿ
    double sum = Math.exp(log);
    for (long i = 1; i <= k; i++) {
      log += Math.log((double) (n - i + 1) / i);
      sum += Math.exp(log);
    }
    return sum;
  }

  /// For any values: Student's test that the mean of the differences is 0, with `n - 1` degrees of freedom.
  public static PairedTest t(double[] first, double[] second) {
    requireSameSize(first, second);
    var differences = new double[first.length];
    for (int i = 0; i < first.length; i++) {
      differences[i] = second[i] - first[i];
    }
    var mean = Estimate.mean(differences);
    double p = first.length < 2 ? Double.NaN
        : mean.standardError() == 0 ? (mean.value() == 0 ? 1 : 0)
        : twoSided(mean.value() / mean.standardError(), first.length - 1);
    return new PairedTest("paired t", mean.value(), p, first.length);
  }

  /// Probability that |T| of Student's distribution is at least |t|: a finite sum for whole degrees of freedom (Abramowitz and
  /// Stegun, 26.7.3 and 26.7.4).
  static double twoSided(double t, long freedom) {
    double angle = Math.atan(Math.abs(t) / Math.sqrt(freedom));
    double cos2 = Math.cos(angle) * Math.cos(angle);
    boolean odd = freedom % 2 == 1;
    double term = odd ? Math.cos(angle) : 1;
    double sum = freedom == 1 ? 0 : term;
    for (long i = odd ? 3 : 2; i <= freedom - 2; i += 2) {
      term *= cos2 * (i - 1) / i;
      sum += term;
    }
    double inside = odd ? 2 / Math.PI * (angle + Math.sin(angle) * sum) : Math.sin(angle) * sum;
    return Math.clamp(1 - inside, 0, 1);
  }

  private static void requireSameSize(double[] first, double[] second) {
    if (first.length != second.length || first.length == 0) {
      throw new IllegalArgumentException("a paired test needs the same items of both models, but there are " + first.length
          + " and " + second.length);
    }
  }
}
