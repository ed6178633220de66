package org.jtorch.text;

import org.jtorch.io.DataException;

/// Refuses texts with a run of millions of characters of one kind (white space, letters, digits, others). Where a word may end
/// is searched for within such a run, and the native library panics after ten million steps of one search.
final class LongRuns {
  static final int LONGEST = 4_000_000;

  private enum Kind { SPACE, LETTER, DIGIT, OTHER }

  private LongRuns() {}

  /// @throws DataException naming the place and the length of a run that is too long
  static void check(String text) {
    int end;
    for (int start = 0; text.length() - start > LONGEST; start = end) {
      end = end(text, start);
      if (end - start > LONGEST) {
        throw new DataException("a text has " + (end - start) + " characters, from character " + start + " on, without a change between "
            + "letters, digits, white space and others; at most " + LONGEST + " can be tokenized: cut the text, or leave it out");
      }
    }
  }

  private static int end(String text, int start) {
    Kind kind = kind(text.codePointAt(start));
    int end = start;
    while (end < text.length() && kind(text.codePointAt(end)) == kind) {
      end += Character.charCount(text.codePointAt(end));
    }
    return end;
  }

  private static Kind kind(int c) {
    return switch (Character.getType(c)) {
      case Character.SPACE_SEPARATOR, Character.LINE_SEPARATOR, Character.PARAGRAPH_SEPARATOR, Character.CONTROL -> Kind.SPACE;
      case Character.UPPERCASE_LETTER, Character.LOWERCASE_LETTER, Character.TITLECASE_LETTER, Character.MODIFIER_LETTER,
          Character.OTHER_LETTER, Character.NON_SPACING_MARK, Character.ENCLOSING_MARK, Character.COMBINING_SPACING_MARK -> Kind.LETTER;
      case Character.DECIMAL_DIGIT_NUMBER, Character.LETTER_NUMBER, Character.OTHER_NUMBER -> Kind.DIGIT;
      default -> Kind.OTHER;
    };
  }
}
