package org.jtorch.recipes.pretrain;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import org.jtorch.io.DataException;
import org.jtorch.recipes.config.Bound;
import org.jtorch.recipes.config.RecipeSource;
import org.jtorch.recipes.config.StrictYaml;

/// Whether the recipe in a run folder is the one that is about to run there.
final class Resumption {
  /// Keys that may change between the parts of a run: they do not touch what is computed.
  private static final Set<String> FREE = Set.of("metrics", "save", "eval", "device");

  private Resumption() {}

  /// Top-level keys whose values differ.
  static List<String> differences(Path resolved, Bound<PretrainRecipe> now) {
    PretrainRecipe before;
    try {
      before = StrictYaml.bind(PretrainRecipe.class,
          RecipeSource.of(resolved.toString(), java.nio.file.Files.readString(resolved)), List.of()).value();
    } catch (java.io.IOException e) {
      throw new DataException("could not read " + resolved + ": " + e.getMessage(), e);
    }
    var differing = new ArrayList<String>();
    for (var component : PretrainRecipe.class.getRecordComponents()) {
      try {
        var accessor = component.getAccessor();
        if (!FREE.contains(component.getName())
            && !Objects.equals(accessor.invoke(before), accessor.invoke(now.value()))) {
          differing.add(component.getName());
        }
      } catch (ReflectiveOperationException e) {
        throw new IllegalStateException(e);
      }
    }
    return differing;
  }
}
