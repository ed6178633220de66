package org.jtorch.text;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.IntBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.Base64;
import java.util.BitSet;

/// Checks the compiled table of character replacements of SentencePiece (`precompiled_charsmap`): the bytes of a double-array
/// trie, whose leaves are places in the text behind it. The native library follows both without looking where they lead.
final class CharsMap {
  /// The largest byte that UTF-8 has.
  private static final int LAST_BYTE = 0xF4;
  private final IntBuffer units;
  private final byte[] replacements;
  private final BitSet seen = new BitSet();
  private final ArrayDeque<Integer> open = new ArrayDeque<>();

  private CharsMap(IntBuffer units, byte[] replacements) {
    this.units = units;
    this.replacements = replacements;
  }

  /// @throws IOException saying what is wrong with the table
  static void check(String base64) throws IOException {
    byte[] bytes;
    try {
      bytes = Base64.getDecoder().decode(base64);
    } catch (IllegalArgumentException e) {
      throw new IOException("is not base64: " + e.getMessage(), e);
    }
    if (base64.length() % 4 != 0 || !Base64.getEncoder().encodeToString(bytes).equals(base64)) {
      throw new IOException("is not base64: its end is cut off or holds bits of no byte");
    }
    var in = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
    long size = in.remaining() < Integer.BYTES ? 0 : Integer.toUnsignedLong(in.getInt());
    if (size < Integer.BYTES || size % Integer.BYTES != 0 || size > in.remaining()) {
      throw new IOException("says that its trie has " + size + " bytes, but " + in.remaining() + " follow");
    }
    var units = in.slice(in.position(), (int) size).order(ByteOrder.LITTLE_ENDIAN).asIntBuffer();
    var text = in.slice(in.position() + (int) size, in.remaining() - (int) size);
    try {
      var _ = StandardCharsets.UTF_8.newDecoder().decode(text.duplicate());
    } catch (CharacterCodingException e) {
      throw new IOException("holds replacements that are not UTF-8", e);
    }
    byte[] replacements = new byte[text.remaining()];
    text.get(replacements);
    new CharsMap(units, replacements).walk();
  }

  /// Goes wherever bytes of text can lead.
  private void walk() throws IOException {
    visit(offset(units.get(0)));
    while (!open.isEmpty()) {
      int node = open.pop();
      for (int b = 1; b <= LAST_BYTE; b++) {
        int unit = unit(node ^ b);
        if ((unit & 0x800000FF) == b) {
          int child = (node ^ b) ^ offset(unit);
          if ((unit >> 8 & 1) == 1) {
            leaf(unit(child) & Integer.MAX_VALUE);
          }
          visit(child);
        }
      }
    }
  }

  private void visit(int node) {
    if (!seen.get(node)) {
      seen.set(node);
      open.push(node);
    }
  }

  private static int offset(int unit) {
    return (unit >>> 10) << ((unit & 1 << 9) >> 6);
  }

  private int unit(int at) throws IOException {
    if (at >= units.limit()) {
      throw new IOException("leads to unit " + at + " of its trie, which has " + units.limit());
    }
    return units.get(at);
  }

  private void leaf(int at) throws IOException {
    boolean inside = at == replacements.length || (at < replacements.length && (replacements[at] & 0xC0) != 0x80);
    if (!inside) {
      throw new IOException("leads to byte " + at + " of its replacements, where no character begins; they have " + replacements.length);
    }
  }
}
