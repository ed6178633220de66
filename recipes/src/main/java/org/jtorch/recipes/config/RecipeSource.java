package org.jtorch.recipes.config;

import java.util.ArrayList;
import java.util.Objects;
import java.util.function.Function;

/// The text of a recipe, the name it goes by in messages, and how the recipe it `extends` is found.
///
/// @param name    `quickstart` or `./my.yaml`
/// @param text    the YAML
/// @param parents from what stands after `extends:` to that recipe; throws IllegalArgumentException if there is none
public record RecipeSource(String name, String text, Function<String, RecipeSource> parents) {
  /// A recipe that stands alone.
  public static RecipeSource of(String name, String text) {
    return new RecipeSource(name, text, other -> {
      throw new IllegalArgumentException("no recipe named \"" + other + "\" can be found from here");
    });
  }

  /// The text with another value of the key `name` at its top.
  public String renamed(String name) {
    var lines = new ArrayList<>(text.lines().toList());
    String line = "name: " + Resolved.quote(name, false);
    if (YamlReader.read(this.name, text, new ArrayList<>()) instanceof Tree.Mapping(var entries, _, _) && entries.containsKey("name")) {
      lines.set(Objects.requireNonNull(entries.get("name")).key().line() - 1, line);
    } else {
      lines.add(line);
    }
    return String.join("\n", lines) + "\n";
  }
}
