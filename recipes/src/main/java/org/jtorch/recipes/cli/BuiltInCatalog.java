package org.jtorch.recipes.cli;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.MalformedInputException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.jtorch.io.Utf8;
import org.jtorch.recipes.RecipeCatalog;
import org.jtorch.recipes.Recipes;
import org.jtorch.recipes.config.RecipeSource;
import org.jtorch.recipes.config.Suggest;

/// Recipes on the class path, `FOLDER/NAME.yaml`, listed one a line in `FOLDER/index.txt`; and files.
final class BuiltInCatalog implements RecipeCatalog {
  private static final long MAX_BYTES = 4_000_000;

  private final ClassLoader loader;
  private final String folder;

  BuiltInCatalog(ClassLoader loader, String folder) {
    this.loader = loader;
    this.folder = folder;
  }

  @Override public List<Listing> list() {
    return names().stream().map(name -> new Listing(name, purpose(builtIn(name)))).toList();
  }

  @Override public RecipeSource find(String nameOrPath) {
    if (names().contains(nameOrPath)) return new RecipeSource(nameOrPath, builtIn(nameOrPath), this::find);
    return looksLikePath(nameOrPath) ? file(nameOrPath, path(nameOrPath)) : unknown(nameOrPath);
  }

  private List<String> names() {
    String index = resource("index.txt");
    if (index == null) return List.of();
    return index.lines().map(String::strip).filter(l -> !l.isEmpty() && !l.startsWith("#")).toList();
  }

  private RecipeSource unknown(String name) {
    String near = Suggest.nearest(name, names());
    throw new IllegalArgumentException("no recipe named \"" + name + "\""
        + (near == null ? "" : "; did you mean \"" + near + "\"?") + " (jtorch ls shows all; a file is given as ./" + name + (isYaml(name) ? "" : ".yaml") + ")");
  }

  private static boolean isYaml(String name) {
    return name.endsWith(".yaml") || name.endsWith(".yml");
  }

  private static boolean looksLikePath(String name) {
    return isYaml(name) || name.startsWith(".") || name.startsWith("/") || name.startsWith("~") || name.contains("\\");
  }

  private static Path path(String name) {
    try {
      return Path.of(name);
    } catch (InvalidPathException e) {
      throw new IllegalArgumentException("\"" + name + "\" is no path: " + e.getReason(), e);
    }
  }

  private RecipeSource file(String name, Path path) {
    if (!Files.exists(path)) throw new IllegalArgumentException("recipe file not found: " + path + neighbour(path));
    if (!Files.isRegularFile(path)) {
      throw new IllegalArgumentException(path + " is no file; give the path of a recipe, e.g. " + path.resolve("my.yaml"));
    }
    try {
      if (Files.size(path) > MAX_BYTES) {
        throw new IllegalArgumentException(path + " has " + Files.size(path) + " bytes, too many for a recipe");
      }
      return new RecipeSource(name, Utf8.read(path), other -> parent(other, path));
    } catch (MalformedInputException e) {
      throw new IllegalArgumentException(path + " is not UTF-8 text, so it is no recipe", e);
    } catch (IOException e) {
      throw new UncheckedIOException("cannot read " + path, e);
    }
  }

  /// What a file extends: a built-in recipe, or a file beside it.
  private RecipeSource parent(String other, Path from) {
    if (names().contains(other) || !looksLikePath(other)) return find(other);
    var path = from.resolveSibling(path(other)).normalize();
    return file(path.toString(), path);
  }

  private static String neighbour(Path path) {
    Path folder = path.toAbsolutePath().getParent();
    if (folder == null) return "";
    if (!Files.isDirectory(folder)) return " (the folder " + folder + " does not exist)";
    try (var files = Files.list(folder)) {
      var names = files.map(f -> String.valueOf(f.getFileName())).filter(BuiltInCatalog::isYaml)
          .collect(Collectors.toMap(BuiltInCatalog::stem, name -> name, (a, _) -> a));
      String near = names.get(Suggest.nearest(stem(String.valueOf(path.getFileName())), names.keySet()));
      return near == null ? "; jtorch ls shows the built-in recipes" : "; did you mean " + path.resolveSibling(near) + "?";
    } catch (IOException e) {
      return "";
    }
  }

  private static String stem(String file) {
    return file.replaceFirst("\\.ya?ml$", "");
  }

  private String builtIn(String name) {
    String text = resource(name + ".yaml");
    if (text == null) {
      throw new IllegalStateException(folder + "/index.txt lists " + name + ", but " + folder + "/" + name + ".yaml is missing");
    }
    return text;
  }

  private @Nullable String resource(String name) {
    try (var in = loader.getResourceAsStream(folder + "/" + name)) {
      return in == null ? null : new String(in.readAllBytes(), StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new UncheckedIOException("cannot read the resource " + folder + "/" + name, e);
    }
  }

  /// The first line of the header comment that says something, without a note of [CpCommand].
  static String purpose(String text) {
    return text.lines().takeWhile(l -> l.isBlank() || l.startsWith("#")).map(l -> l.replaceFirst("^#+\\s*(Purpose:)?", "").strip())
        .filter(l -> !l.isEmpty() && !l.startsWith(CpCommand.NOTE)).findFirst().orElse("");
  }
}
