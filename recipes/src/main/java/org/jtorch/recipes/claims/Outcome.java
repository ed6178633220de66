package org.jtorch.recipes.claims;

import java.util.Locale;
import java.util.stream.DoubleStream;

/// What a check came to.
///
/// @param text the rule
/// @param holds whether it does
/// @param differences one a seed, above zero where the rule holds; of a rule over means its one number
record Outcome(String text, boolean holds, double[] differences) {
  /// Below this p a difference counts as one.
  static final double LEVEL = 0.05;

  /// Of a rule that wants the differences above zero: on every seed, or in the mean with p below 0.05.
  static Outcome signed(String text, double... differences) {
    boolean everywhere = DoubleStream.of(differences).allMatch(d -> d > 0);
    var test = PairedTest.of(differences);
    return new Outcome(text, everywhere || test.mean() > 0 && test.p() < LEVEL, differences);
  }

  /// The rule with its figures.
  String describe() {
    if (differences.length < 2) {
      return text + (differences.length == 0 ? "" : ": " + Verdict.number(differences[0]));
    }
    var test = PairedTest.of(differences);
    return String.format(Locale.ROOT, "%s: difference %s ± %s (95 %%: %s to %s), p = %s", text, Verdict.number(test.mean()),
        Verdict.number(test.error()), Verdict.number(test.mean() - test.halfWidth()), Verdict.number(test.mean() + test.halfWidth()),
        test.p() < 0.001 ? String.format(Locale.ROOT, "%.0e", test.p()) : String.format(Locale.ROOT, "%.3f", test.p()));
  }
}
