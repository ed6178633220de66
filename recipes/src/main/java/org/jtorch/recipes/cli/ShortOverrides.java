package org.jtorch.recipes.cli;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/// Overrides that have options of their own, the same for every command that looks at a whole run.
public final class ShortOverrides {
  @Option(names = "--seed", paramLabel = "N", description = "Short for seed=N.")
  @Nullable String seed;

  @Option(names = "--steps", paramLabel = "N", description = "Short for train.steps=N.")
  @Nullable String steps;

  @Option(names = "--device", paramLabel = "NAME", description = "Short for device=NAME.")
  @Nullable String device;

  @Option(names = "--dtype", paramLabel = "NAME", description = "Short for dtype=NAME.")
  @Nullable String dtype;

  /// These overrides after others.
  List<String> after(List<String> overrides) {
    var all = new ArrayList<>(overrides);
    add(all, "seed", seed);
    add(all, "train.steps", steps);
    add(all, "device", device);
    add(all, "dtype", dtype);
    return all;
  }

  private static void add(List<String> overrides, String key, @Nullable String value) {
    if (value != null) {
      overrides.add(key + "=" + value);
    }
  }
}
