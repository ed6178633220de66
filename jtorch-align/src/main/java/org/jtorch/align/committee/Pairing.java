package org.jtorch.align.committee;

import java.util.SplittableRandom;

/// The two members that answer a prompt.
record Pairing(int one, int other) {
  /// Two distinct ones, all pairs alike probable, the same whenever it is asked.
  ///
  /// @param x the prompt's number
  static Pairing of(int members, long seed, long x) {
    var random = new SplittableRandom(seed * 0x9E3779B97F4A7C15L + x);
    int one = random.nextInt(members);
    int other = random.nextInt(members - 1);
    return new Pairing(one, other < one ? other : other + 1);
  }

  boolean has(int member) {
    return one == member || other == member;
  }
}
