package org.jtorch.jinja.python;

/// How much one rendering may do. Templates come from strangers.
///
/// @param steps expressions and statements evaluated, items put into lists, and hundreds of characters read
/// @param characters written into strings, the output included, all together
/// @param depth expressions, statements and calls inside one another
public record Limits(long steps, long characters, int depth) {
  /// Enough for a conversation that fills a long context, reached by a runaway template within seconds.
  public static final Limits DEFAULT = new Limits(20_000_000, 100_000_000, 500);

  public Limits {
    if (steps < 1 || characters < 1 || depth < 1) {
      throw new IllegalArgumentException("limits must be positive but were " + steps + " steps, " + characters + " characters, depth "
          + depth);
    }
  }

  /// These limits for variables that hold so many characters already, which templates read and copy.
  public Limits plusInput(long inputCharacters) {
    return new Limits(steps + 100 * inputCharacters, characters + 100 * inputCharacters, depth);
  }
}
