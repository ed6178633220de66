package org.jtorch.text;

import java.util.List;

/// GPT-2's spelling of bytes as printable characters: visible Latin-1 bytes stand for themselves, the others for the
/// characters from U+0100 on.
public final class ByteAlphabet {
  private static final char[] CHARS = new char[256];
  private static final int[] RANKS = new int[256];

  static {
    int next = 0x100;
    for (int b = 0; b < 256; b++) {
      boolean visible = (b >= '!' && b <= '~') || (b >= 0xA1 && b <= 0xAC) || b >= 0xAE;
      CHARS[b] = (char) (visible ? b : next++);
    }
    for (int b = 0; b < 256; b++) {
      for (int other = 0; other < 256; other++) {
        RANKS[b] += CHARS[other] < CHARS[b] ? 1 : 0;
      }
    }
  }

  private ByteAlphabet() {}

  /// The 256 characters, sorted.
  public static List<String> sorted() {
    return new String(CHARS).chars().sorted().mapToObj(Character::toString).toList();
  }

  /// Bytes as characters, one for each.
  public static String spell(byte[] bytes) {
    char[] spelt = new char[bytes.length];
    for (int i = 0; i < spelt.length; i++) {
      spelt[i] = CHARS[Byte.toUnsignedInt(bytes[i])];
    }
    return new String(spelt);
  }

  /// Position of a byte among the 256 when they are sorted by their characters: the order of ids in a vocabulary.
  public static int rank(int unsignedByte) {
    return RANKS[unsignedByte];
  }
}
