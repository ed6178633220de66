package org.jtorch.recipes.config;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/// How Java names are written in YAML, and how paths are taken apart.
final class Names {
  private static final Pattern HUMP = Pattern.compile("(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])");
  private static final Pattern STEP = Pattern.compile("\\[(\\d{1,6})]|\\.?([^.\\[\\]]+)");

  private Names() {}

  /// `learningRate` -> `learning_rate`.
  static String snake(String camel) {
    return HUMP.matcher(camel).replaceAll("_").toLowerCase(Locale.ROOT);
  }

  /// What a record is called after `type:`.
  static String type(Class<?> type) {
    var named = type.getAnnotation(Named.class);
    return named != null ? named.value() : HUMP.matcher(type.getSimpleName()).replaceAll("-").toLowerCase(Locale.ROOT);
  }

  /// `-` and `_` are the same letter in the names of types and enum constants.
  static String loose(String name) {
    return name.replace('_', '-');
  }

  /// `a.b[1].c` -> `a`, `b`, `[1]`, `c`; throws when the path cannot be read.
  static List<String> steps(String path) {
    var steps = new ArrayList<String>();
    var m = STEP.matcher(path);
    int end = 0;
    while (m.find() && m.start() == end) {
      if (m.start() == 0 && (m.group(2) == null || path.charAt(0) == '.')) break;
      if (m.group(2) != null && m.start() > 0 && path.charAt(m.start()) != '.') break;
      steps.add(m.group(2) != null ? m.group(2) : "[" + Integer.parseInt(m.group(1)) + "]");
      end = m.end();
    }
    if (end != path.length() || steps.isEmpty()) {
      throw new IllegalArgumentException("\"" + path + "\" is no path; write e.g. stages[1].optim.lr");
    }
    return steps;
  }

  /// The number in `[1]`, or null for a key.
  static @Nullable Integer index(String step) {
    return step.startsWith("[") ? Integer.valueOf(step.substring(1, step.length() - 1)) : null;
  }

  static String join(String path, String key) {
    return path.isEmpty() ? key : path + "." + key;
  }
}
