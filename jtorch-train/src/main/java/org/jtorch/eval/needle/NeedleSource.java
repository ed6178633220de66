package org.jtorch.eval.needle;

import java.util.random.RandomGenerator;

/// Makes haystacks.
@FunctionalInterface
public interface NeedleSource {
  /// @param length tokens of prompt and longest answer together
  /// @param depth of the needle, in percent
  /// @param random all that differs between the instances of a length and depth comes from here
  NeedleItem make(int length, int depth, RandomGenerator random);
}
