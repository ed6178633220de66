package org.jtorch.eval.needle;

import java.util.List;
import java.util.SplittableRandom;
import java.util.random.RandomGenerator;

/// Which haystacks are asked about: every length with every depth, some of each.
///
/// @param lengths tokens of a prompt and its answer together
/// @param depths where the needle lies, in percent of the haystack: 0 is its beginning, 100 its end
/// @param instances of each length and depth
/// @param seed the same one gives the same haystacks; each is drawn on its own, whatever else is in the grid
public record NeedleGrid(List<Integer> lengths, List<Integer> depths, int instances, long seed) {
  /// Every tenth (arXiv:2407.21783, section 3.4.2, counts a context as learnt when all depths are found).
  public static final List<Integer> TENTHS = List.of(0, 10, 20, 30, 40, 50, 60, 70, 80, 90, 100);

  public NeedleGrid {
    lengths = List.copyOf(lengths);
    depths = List.copyOf(depths);
    requireDistinct("lengths", lengths, "[128, 256, 512]");
    requireDistinct("depths", depths, "[0, 25, 50, 75, 100]");
    for (int length : lengths) {
      if (length < 1) {
        throw new IllegalArgumentException("`lengths` must be token counts > 0 but one was " + length + "; e.g. [128, 256, 512]");
      }
    }
    for (int depth : depths) {
      if (depth < 0 || depth > 100) {
        throw new IllegalArgumentException("`depths` must be from 0 to 100 percent but one was " + depth + "; e.g. [0, 50, 100]");
      }
    }
    if (instances < 2) {
      throw new IllegalArgumentException("`instances` must be >= 2 but was " + instances + "; 2 of each length and depth are usual");
    }
  }

  /// All tenths of the depth, two of each.
  public NeedleGrid(List<Integer> lengths, long seed) {
    this(lengths, TENTHS, 2, seed);
  }

  private static void requireDistinct(String key, List<Integer> values, String example) {
    if (values.isEmpty() || values.stream().distinct().count() < values.size()) {
      throw new IllegalArgumentException("`" + key + "` must be one number at least, none twice, but was " + values + "; e.g. " + example);
    }
  }

  /// The longest prompt with its answer.
  public int longest() {
    return lengths.stream().mapToInt(Integer::intValue).max().orElseThrow();
  }

  public int size() {
    return lengths.size() * depths.size() * instances;
  }

  /// The numbers of one haystack.
  RandomGenerator random(int length, int depth, int instance) {
    long key = seed;
    for (long part : new long[] {length, depth, instance}) {
      key = new SplittableRandom(key ^ part * 0x9E3779B97F4A7C15L).nextLong();
    }
    return new SplittableRandom(key);
  }
}
