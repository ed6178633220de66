package org.jtorch.data;

import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.PathMatcher;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.PatternSyntaxException;

/// A path with wildcards, whose other characters may be any: the folders that exist as they are written are taken so, and in
/// what follows brackets and braces mean a choice of characters or names as well as themselves.
///
/// @param base the longest parent that exists
/// @param readings of the rest: with choices, and with brackets and braces as plain characters
record Glob(Path base, List<PathMatcher> readings) {
  static boolean isGlob(Path path) {
    return path.toString().chars().anyMatch(c -> "*?[{".indexOf(c) >= 0);
  }

  static Glob of(Path path) {
    Path whole = path.toAbsolutePath().normalize();
    Path base = whole.getRoot();
    int known = 0;
    while (known < whole.getNameCount() - 1 && Files.isDirectory(base.resolve(whole.getName(known)))) {
      base = base.resolve(whole.getName(known++));
    }
    var names = new ArrayList<String>();
    whole.subpath(known, whole.getNameCount()).forEach(name -> names.add(name.toString()));
    String rest = String.join("/", names);
    var readings = new ArrayList<PathMatcher>();
    readings.add(matcher(rest.replaceAll("[\\[\\]{}\\\\]", "\\\\$0")));
    try {
      readings.add(matcher(rest));
    } catch (PatternSyntaxException _) {
      return new Glob(base, readings);               // a bracket that stands alone is nothing but itself
    }
    return new Glob(base, readings);
  }

  private static PathMatcher matcher(String glob) {
    return FileSystems.getDefault().getPathMatcher("glob:" + glob);
  }

  /// Whether a file below the base is meant.
  boolean matches(Path file) {
    Path below = base.relativize(file.toAbsolutePath().normalize());
    return readings.stream().anyMatch(reading -> reading.matches(below));
  }
}
