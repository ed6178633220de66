package org.jtorch.corpus;

import org.jtorch.data.TextSource;

/// A source of a corpus.
///
/// @param name names its folder: letters, digits, `_`, `.` and `-`
/// @param weight what it gives of the tokens that a run sees, beside the other sources' weights
public record Part(String name, double weight, TextSource source) {
  /// The name of a corpus's only source.
  public static final String ONLY = "text";

  public Part {
    requireName(name);
    if (!(weight > 0 && weight < Double.POSITIVE_INFINITY)) {
      throw new IllegalArgumentException("the weight of source \"" + name + "\" is " + weight + " but must be above 0; 1 is usual");
    }
  }

  /// @throws IllegalArgumentException if a source cannot have this name
  public static void requireName(String name) {
    if (!name.matches("[A-Za-z0-9_][A-Za-z0-9_.-]*")) {
      throw new IllegalArgumentException("a source cannot be called \"" + name + "\", which names a folder; use for example web_2");
    }
  }

  public static Part only(TextSource source) {
    return new Part(ONLY, 1, source);
  }
}
