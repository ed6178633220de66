package org.jtorch.chat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;
import java.util.regex.Pattern;
import org.jtorch.io.AtomicFile;
import org.jtorch.io.DataException;
import org.jtorch.io.JsonFile;

/// The chat templates in a checkpoint's folder, by name, as transformers keeps them: `chat_template.jinja` is the one called
/// `default`, `additional_chat_templates/NAME.jinja` are others; in older folders `chat_template` of `tokenizer_config.json` is one
/// template, or a list of them with names.
public final class TemplateFiles {
  /// The template that counts if none is asked for.
  public static final String DEFAULT = "default";
  private static final String OTHERS = "additional_chat_templates";
  static final String FILE = "chat_template.jinja";
  static final String CONFIG = "tokenizer_config.json";
  private static final String KEY = "chat_template";
  private static final String SUFFIX = ".jinja";
  private static final Pattern NAME = Pattern.compile("[\\w][\\w.-]*");

  private TemplateFiles() {}

  /// All templates of a folder, the default first; empty if it has none. Files come before the entry in `tokenizer_config.json`.
  ///
  /// @throws DataException if a file cannot be read, or the entry is neither a string nor a list of named templates
  public static SequencedMap<String, String> read(Path folder) {
    var found = new LinkedHashMap<String, String>();
    if (Files.isRegularFile(folder.resolve(FILE))) {
      found.put(DEFAULT, text(folder.resolve(FILE)));
    }
    for (Path file : others(folder)) {
      found.put(String.valueOf(file.getFileName()).replace(SUFFIX, ""), text(file));
    }
    Path config = folder.resolve(CONFIG);
    return found.isEmpty() && Files.isRegularFile(config) ? named(JsonFile.open(config).node().path(KEY), config) : found;
  }

  /// The files of the templates with other names than the default, in their order.
  private static List<Path> others(Path folder) {
    Path others = folder.resolve(OTHERS);
    if (!Files.isDirectory(others)) {
      return List.of();
    }
    try (var files = Files.list(others)) {
      return files.filter(f -> f.toString().endsWith(SUFFIX)).sorted().toList();
    } catch (IOException e) {
      throw new DataException("cannot list " + others + ": " + e, e);
    }
  }

  /// Copies the templates with other names than the default from one folder to another.
  public static void copyOthers(Path from, Path to) {
    others(from).forEach(file -> AtomicFile.copy(file, made(to.resolve(OTHERS)).resolve(file.getFileName())));
  }

  private static Path made(Path folder) {
    try {
      return Files.createDirectories(folder);
    } catch (IOException e) {
      throw new DataException("cannot make the folder " + folder + ": " + e, e);
    }
  }

  static String text(Path file) {
    try {
      return Files.readString(file);
    } catch (IOException e) {
      throw new DataException(file + " is not readable as UTF-8 text: " + e, e);
    }
  }

  private static SequencedMap<String, String> named(JsonNode entry, Path file) {
    var found = new LinkedHashMap<String, String>();
    if (entry.isTextual()) {
      found.put(DEFAULT, entry.textValue());
    } else if (entry.isArray()) {
      for (JsonNode one : entry) {
        if (!one.path("name").isTextual() || !one.path("template").isTextual()) {
          throw new DataException(file + ": `" + KEY + "` must be a template or a list of {\"name\": ..., \"template\": ...}, but holds "
              + one);
        }
        found.put(one.path("name").textValue(), one.path("template").textValue());
      }
    } else if (!entry.isMissingNode() && !entry.isNull()) {
      throw new DataException(file + ": `" + KEY + "` must be a template or a list of named templates, not " + entry.getNodeType());
    }
    return found;
  }

  /// Writes the templates into an existing folder, as transformers from 4.43 on does, and takes the entry out of `tokenizer_config.json`.
  ///
  /// @throws IllegalArgumentException if a name cannot be that of a file
  public static void write(Path folder, Map<String, String> templates) {
    for (String name : templates.keySet()) {
      if (!NAME.matcher(name).matches()) {
        throw new IllegalArgumentException("a chat template cannot be called `" + name + "`, for its file has that name; use letters,"
            + " digits, `_`, `-` and `.`, such as tool_use");
      }
    }
    templates.forEach((name, source) ->
        AtomicFile.write(name.equals(DEFAULT) ? folder.resolve(FILE) : made(folder.resolve(OTHERS)).resolve(name + SUFFIX), source));
    Path config = folder.resolve(CONFIG);
    if (Files.isRegularFile(config) && JsonFile.open(config).node() instanceof ObjectNode node && node.remove(KEY) != null) {
      JsonFile.write(config, node);
    }
  }
}
