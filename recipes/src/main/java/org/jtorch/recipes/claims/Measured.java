package org.jtorch.recipes.claims;

import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Objects;
import java.util.SequencedMap;

/// The measures of all seeds.
///
/// @param values by the measure's name, one number a seed
record Measured(List<Long> seeds, SequencedMap<String, double[]> values) {
  Measured {
    seeds = List.copyOf(seeds);
    values = Collections.unmodifiableSequencedMap(new LinkedHashMap<>(values));
  }

  /// The numbers of a measure, in the order of the seeds.
  double[] of(String name) {
    return Objects.requireNonNull(values.get(name), name);
  }

  double mean(String name) {
    return PairedTest.of(of(name)).mean();
  }

  /// The standard error of the mean; NaN for one seed.
  double error(String name) {
    return PairedTest.of(of(name)).error();
  }

  double least(String name) {
    return Arrays.stream(of(name)).min().orElseThrow();
  }
}
