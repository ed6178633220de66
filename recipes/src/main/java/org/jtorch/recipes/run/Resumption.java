package org.jtorch.recipes.run;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import org.jtorch.io.DataException;
import org.jtorch.io.Utf8;
import org.jtorch.recipes.config.Bound;
import org.jtorch.recipes.config.RecipeSource;
import org.jtorch.recipes.config.StrictYaml;

/// Whether the recipe in a run folder is the one that is about to run there.
final class Resumption {
  /// Keys that may change between the parts of a run: they do not touch what is computed.
  private static final Set<String> FREE = Set.of("metrics", "save", "eval", "device");

  private Resumption() {}

  /// Writes the recipe into a fresh folder, or refuses a folder in which another has run.
  static void claim(RunFolder run, Bound<? extends Record> bound) {
    if (!Files.exists(run.recipe())) {
      RunFolder.write(run.recipe(), bound.resolved().toYaml());
      return;
    }
    List<String> differing = differences(run.recipe(), bound.value());
    if (!differing.isEmpty()) {
      throw new IllegalArgumentException(run.path() + " holds a run of another recipe; these keys differ: "
          + String.join(", ", differing) + ". Choose another folder with --out, or remove that one");
    }
  }

  /// Top-level keys whose values differ.
  private static List<String> differences(Path resolved, Record now) {
    Record before;
    try {
      before = StrictYaml.bind(now.getClass(), RecipeSource.of(resolved.toString(), Utf8.read(resolved)), List.of()).value();
    } catch (IOException e) {
      throw new DataException("could not read " + resolved + ": " + e.getMessage(), e);
    }
    var differing = new ArrayList<String>();
    for (var component : now.getClass().getRecordComponents()) {
      try {
        var accessor = component.getAccessor();
        if (!FREE.contains(component.getName()) && !Objects.equals(accessor.invoke(before), accessor.invoke(now))) {
          differing.add(component.getName());
        }
      } catch (ReflectiveOperationException e) {
        throw new IllegalStateException(e);
      }
    }
    return differing;
  }
}
