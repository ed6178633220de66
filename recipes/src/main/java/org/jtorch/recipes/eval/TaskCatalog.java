package org.jtorch.recipes.eval;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.MalformedInputException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.SequencedMap;
import org.jspecify.annotations.Nullable;
import org.jtorch.io.Utf8;
import org.jtorch.recipes.config.RecipeException;
import org.jtorch.recipes.config.RecipeSource;
import org.jtorch.recipes.config.StrictYaml;
import org.jtorch.recipes.config.Suggest;

/// The built-in tasks, `tasks/NAME.yaml` on the class path, and files.
final class TaskCatalog {
  private static final String FOLDER = "/tasks/";
  private static final SequencedMap<String, Class<? extends TaskConfig>> TYPES = new LinkedHashMap<>();

  static {
    TYPES.put("multiple-choice", TaskConfig.MultipleChoice.class);
    TYPES.put("fill-in", TaskConfig.FillIn.class);
    TYPES.put("completion", TaskConfig.Completion.class);
    TYPES.put("generate", TaskConfig.Generate.class);
    TYPES.put("text", TaskConfig.Text.class);
    TYPES.put("needle", TaskConfig.Needle.class);
  }

  private TaskCatalog() {}

  /// The built-in tasks, in the order of their list.
  static List<String> names() {
    return resource("index.txt").lines().map(String::strip).filter(l -> !l.isEmpty()).toList();
  }

  /// The task of this name, or in this file.
  ///
  /// @throws IllegalArgumentException if there is none
  /// @throws RecipeException with all problems of the file
  static TaskConfig load(String nameOrPath) {
    return load(find(nameOrPath));
  }

  /// @throws RecipeException with all problems of the text
  static TaskConfig load(RecipeSource source) {
    String type = StrictYaml.typeOf(source, List.of());
    if (type == null || !TYPES.containsKey(type)) {
      String kinds = String.join(", ", TYPES.keySet());
      throw new IllegalArgumentException("the task " + source.name() + (type == null ? " has no `type`; write type: one of " + kinds
          : " has an unknown `type`, \"" + type + "\"" + Suggest.hint(type, TYPES.keySet())));
    }
    return StrictYaml.bind(TYPES.get(type), source, List.of()).value();
  }

  static boolean isYaml(String name) {
    return name.endsWith(".yaml") || name.endsWith(".yml");
  }

  private static RecipeSource find(String nameOrPath) {
    return names().contains(nameOrPath) ? new RecipeSource(nameOrPath, resource(nameOrPath + ".yaml"), TaskCatalog::find)
        : file(nameOrPath, Path.of(nameOrPath));
  }

  private static RecipeSource file(String name, Path path) {
    if (!isYaml(name) || !Files.isRegularFile(path)) {
      throw new IllegalArgumentException(isYaml(name) ? "task file not found: " + name : unknown(name));
    }
    try {
      return new RecipeSource(name, Utf8.read(path), other -> names().contains(other) ? find(other)
          : file(path.resolveSibling(other).toString(), path.resolveSibling(other)));
    } catch (MalformedInputException e) {
      throw new IllegalArgumentException(path + " is not UTF-8 text, so it is no task", e);
    } catch (IOException e) {
      throw new UncheckedIOException("cannot read " + path, e);
    }
  }

  static String unknown(String name) {
    String near = Suggest.nearest(name, names());
    return "no task and no file \"" + name + "\"" + (near != null ? "; did you mean \"" + near + "\"?"
        : "; the tasks are " + String.join(", ", names()) + "; one of your own is a file my-task.yaml");
  }

  private static String resource(String name) {
    try (var in = TaskCatalog.class.getResourceAsStream(FOLDER + name)) {
      return new String(required(in, name).readAllBytes(), StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new UncheckedIOException("cannot read the resource " + FOLDER + name, e);
    }
  }

  private static java.io.InputStream required(java.io.@Nullable InputStream in, String name) {
    if (in == null) {
      throw new IllegalStateException("tasks/index.txt lists " + name + ", but " + FOLDER + name + " is missing");
    }
    return in;
  }
}
