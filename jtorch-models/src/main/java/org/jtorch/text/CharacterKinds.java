package org.jtorch.text;

import java.util.Arrays;

/// What expressions that split text ask of a character: letter, number, white space, line break or other. Known for scripts and
/// symbols that have been the same since Unicode 11, so that every library agrees: Latin, Greek, Cyrillic, Chinese, kana, Hangul,
/// punctuation, symbols, emoji.
final class CharacterKinds {
  static final byte UNKNOWN = -1;
  static final byte OTHER = 0;
  static final byte LETTER = 1;
  static final byte NUMBER = 2;
  static final byte SPACE = 3;
  static final byte LINE_BREAK = 4;

  /// First and last of each range.
  private static final char[] KNOWN = {0, 0x36F, 0x370, 0x52F, 0x2010, 0x2027, 0x2030, 0x205E, 0x2070, 0x209C, 0x20A0, 0x20BF,
      0x2100, 0x218B, 0x2190, 0x2BFF, 0x3000, 0x30FF, 0x4E00, 0x9FEF, 0xAC00, 0xD7A3, 0xFF00, 0xFFEF};
  private static final byte[] KINDS = new byte[1 << 16];
  /// Is an s to expressions that do not heed case, as the next is a k.
  private static final char LONG_S = 0x17F;
  private static final char KELVIN = 0x212A;
  /// Emoji and the like are others, from the regional indicators on; the digits at the end of their blocks are not among them.
  private static final int FIRST_EMOJI = 0x1F1E6;
  private static final int LAST_EMOJI = 0x1FAFF;

  static {
    Arrays.fill(KINDS, UNKNOWN);
    for (int r = 0; r < KNOWN.length; r += 2) {
      for (int c = KNOWN[r]; c <= KNOWN[r + 1]; c++) {
        KINDS[c] = kind((char) c);
      }
    }
    KINDS[LONG_S] = UNKNOWN;
    KINDS[KELVIN] = UNKNOWN;
    Arrays.fill(KINDS, Character.MIN_SURROGATE, Character.MAX_SURROGATE + 1, OTHER);
  }

  private CharacterKinds() {}

  private static byte kind(char c) {
    return switch (c) {
      case '\r', '\n' -> LINE_BREAK;
      case '\t', 0x0B, '\f', ' ', 0x85, 0xA0, 0x3000 -> SPACE;
      default -> switch (Character.getType(c)) {
        case Character.UPPERCASE_LETTER, Character.LOWERCASE_LETTER, Character.TITLECASE_LETTER, Character.MODIFIER_LETTER,
            Character.OTHER_LETTER -> LETTER;
        case Character.DECIMAL_DIGIT_NUMBER, Character.LETTER_NUMBER, Character.OTHER_NUMBER -> NUMBER;
        default -> OTHER;
      };
    };
  }

  /// Of a character of known text, a half of a pair included.
  static byte of(char c) {
    return KINDS[c];
  }

  /// Whether the kinds of all characters are known.
  static boolean knows(String text) {
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      if (KINDS[c] == UNKNOWN || (Character.isSurrogate(c) && !isEmoji(text.codePointAt(i++)))) {
        return false;
      }
    }
    return true;
  }

  private static boolean isEmoji(int codePoint) {
    return codePoint >= FIRST_EMOJI && codePoint <= LAST_EMOJI;
  }
}
