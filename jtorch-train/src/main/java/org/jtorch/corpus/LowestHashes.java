package org.jtorch.corpus;

import java.util.Map;
import java.util.TreeMap;
import java.util.function.BiConsumer;

/// Of texts that come by, those with the lowest hashes that fit into a number of bytes together: the same ones in whatever
/// order they come, found in one pass, with no more of them in memory than that. Copies of a text go the same way, and each
/// takes its bytes.
final class LowestHashes {
  /// @param copies how often the text came by
  private record Entry(String text, long bytes, long copies) {
    Entry oneMore(long more) {
      return new Entry(text, bytes + more, copies + 1);
    }
  }

  private final TreeMap<Long, Entry> kept = new TreeMap<>(Long::compareUnsigned);
  private final long room;
  private final boolean withTexts;
  private long bytes;
  private long bound;

  /// @param bound hashes from here on, without a sign, are not taken
  /// @param room bytes of all texts together
  /// @param withTexts whether the texts themselves are kept
  LowestHashes(long bound, long room, boolean withTexts) {
    this.bound = bound;
    this.room = room;
    this.withTexts = withTexts;
  }

  void add(long hash, long size, String text) {
    if (Long.compareUnsigned(hash, bound) >= 0) {
      return;
    }
    kept.merge(hash, new Entry(withTexts ? text : "", size, 1), (before, _) -> before.oneMore(size));
    bytes += size;
    while (bytes > room) {
      Map.Entry<Long, Entry> highest = kept.pollLastEntry();
      bytes -= highest.getValue().bytes;
      bound = highest.getKey();
    }
  }

  /// The hashes below are those that were kept.
  long bound() {
    return bound;
  }

  long bytes() {
    return bytes;
  }

  /// Hands on every hash and its text, once for each copy, by rising hash.
  void forEach(BiConsumer<Long, String> action) {
    kept.forEach((hash, entry) -> {
      for (long copy = 0; copy < entry.copies; copy++) {
        action.accept(hash, entry.text);
      }
    });
  }
}
