package org.jtorch.recipes.config;

import java.util.Comparator;

/// One thing wrong with a recipe: where it stands, its path in the recipe, and what to do.
///
/// An override has no line: its `position` is `override` and it sorts last.
public record Problem(String file, int line, int column, String path, String message) implements Comparable<Problem> {
  private static final Comparator<Problem> ORDER = Comparator.comparingInt(Problem::line)
      .thenComparingInt(Problem::column).thenComparing(Problem::path).thenComparing(Problem::message)
      .thenComparing(Problem::file);

  static Problem at(Origin origin, String path, String message) {
    return new Problem(origin.file(), origin.line(), origin.column(), path, message);
  }

  @Override public int compareTo(Problem other) {
    return ORDER.compare(this, other);
  }

  /// `12:7`, `base.yaml:12:7` when it is not in the recipe itself, or `override`.
  String position(String recipe) {
    if (line == Integer.MAX_VALUE) return "override";
    String place = line + ":" + column;
    return file.equals(recipe) ? place : file + ":" + place;
  }
}
