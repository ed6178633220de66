package org.jtorch.recipes.config;

/// Where a value comes from. A default keeps the place of the block that lacks the key, so that a problem with it
/// still has a line.
record Origin(Kind kind, String file, int line, int column) {
  enum Kind { FILE, OVERRIDE, DEFAULT }

  static Origin file(String file, int line, int column) {
    return new Origin(Kind.FILE, file, line, column);
  }

  static Origin override() {
    return new Origin(Kind.OVERRIDE, "", Integer.MAX_VALUE, 0);
  }

  Origin asDefault() {
    return new Origin(Kind.DEFAULT, file, line, column);
  }

  /// `x.yaml:12:7`, `override` or `default`.
  String describe() {
    return switch (kind) {
      case FILE -> file + ":" + line + ":" + column;
      case OVERRIDE -> "override";
      case DEFAULT -> "default";
    };
  }
}
