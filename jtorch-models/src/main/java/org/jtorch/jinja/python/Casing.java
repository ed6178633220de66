package org.jtorch.jinja.python;

import java.util.Locale;
import java.util.function.IntPredicate;

/// Upper and lower case, and what kinds of characters a string has, as Python's strings tell.
public final class Casing {
  private Casing() {}

  public static String upper(String text) {
    return text.toUpperCase(Locale.ROOT);
  }

  public static String lower(String text) {
    return text.toLowerCase(Locale.ROOT);
  }

  /// `str.capitalize`.
  public static String capitalize(String text) {
    if (text.isEmpty()) {
      return text;
    }
    int first = text.codePointAt(0);
    return titled(first) + lower(text.substring(Character.charCount(first)));
  }

  /// `str.title`: every letter that follows none is titled, all others lowered.
  static String title(String text) {
    var out = new StringBuilder();
    int word = -1;
    for (int i = 0; i < text.length(); i += Character.charCount(text.codePointAt(i))) {
      int c = text.codePointAt(i);
      if (!isCased(c)) {
        out.append(word < 0 ? "" : capitalize(text.substring(word, i))).appendCodePoint(c);
        word = -1;
      } else if (word < 0) {
        word = i;
      }
    }
    return out.append(word < 0 ? "" : capitalize(text.substring(word))).toString();
  }

  private static String titled(int c) {
    int titled = Character.toTitleCase(c);
    String upper = upper(Character.toString(c));
    if (titled != c || Character.isTitleCase(c) || CodePoints.count(upper) == 1) {
      return Character.toString(titled);
    }
    return Character.isUpperCase(upper.charAt(0)) ? upper.charAt(0) + lower(upper.substring(1)) : upper;
  }

  static String swap(String text) {
    var out = new StringBuilder();
    text.codePoints().forEach(c -> {
      String one = Character.toString(c);
      out.append(Character.isUpperCase(c) ? lower(one) : Character.isLowerCase(c) ? upper(one) : one);
    });
    return out.toString();
  }

  /// `str.islower`.
  public static boolean isLower(String text) {
    return text.codePoints().anyMatch(Casing::isCased)
        && text.codePoints().noneMatch(c -> Character.isUpperCase(c) || Character.isTitleCase(c));
  }

  /// `str.isupper`.
  public static boolean isUpper(String text) {
    return text.codePoints().anyMatch(Casing::isCased)
        && text.codePoints().noneMatch(c -> Character.isLowerCase(c) || Character.isTitleCase(c));
  }

  /// `str.istitle`: each word begins with an upper case letter and goes on in lower case.
  static boolean isTitle(String text) {
    boolean cased = false;
    boolean inside = false;
    for (int c : text.codePoints().toArray()) {
      boolean upper = Character.isUpperCase(c) || Character.isTitleCase(c);
      if (upper && inside || !upper && Character.isLowerCase(c) && !inside) {
        return false;
      }
      inside = isCased(c);
      cased |= inside;
    }
    return cased;
  }

  private static boolean isCased(int c) {
    return Character.isUpperCase(c) || Character.isLowerCase(c) || Character.isTitleCase(c);
  }

  /// Whether there are characters and all are such.
  static boolean all(String text, IntPredicate such) {
    return !text.isEmpty() && text.codePoints().allMatch(such);
  }

  /// Also digits that stand high, low or in circles.
  static boolean isDigit(int c) {
    int value = Character.getNumericValue(c);
    return Character.isDigit(c) || Character.getType(c) == Character.OTHER_NUMBER && value >= 0 && value <= 9;
  }

  public static boolean isAlphanumeric(int c) {
    int type = Character.getType(c);
    return Character.isLetterOrDigit(c) || type == Character.OTHER_NUMBER || type == Character.LETTER_NUMBER;
  }
}
