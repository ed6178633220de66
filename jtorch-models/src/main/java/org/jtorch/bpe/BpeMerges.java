package org.jtorch.bpe;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.PriorityQueue;
import org.jspecify.annotations.Nullable;

/// The merge loop of BPE: takes the most frequent pair (ties: the smaller ids) until nothing is frequent enough.
///
/// Each pair knows its count and the words it is in, so a merge touches only those words. The heap is lazy: an entry
/// whose count has fallen since is put back with its true count when it comes up.
final class BpeMerges {
  /// Two ids merged into a new one.
  record Merge(int left, int right) {}

  private static final class Pair {
    final long key;
    long count;
    int[] words = new int[4];
    int size;

    Pair(long key) {
      this.key = key;
    }

    void in(int word) {
      if (size > 0 && words[size - 1] == word) {
        return;
      }
      if (size == words.length) {
        words = Arrays.copyOf(words, 2 * size);
      }
      words[size++] = word;
    }
  }

  private record Entry(long count, Pair pair) implements Comparable<Entry> {
    @Override
    public int compareTo(Entry o) {
      int byCount = Long.compare(o.count, count);
      return byCount != 0 ? byCount : Long.compareUnsigned(pair.key, o.pair.key);
    }
  }

  private final int[][] words;
  private final int[] lengths;
  private final long[] counts;
  private final Map<Long, Pair> pairs = new HashMap<>();
  private final PriorityQueue<Entry> heap = new PriorityQueue<>();

  /// Words as ids, which are changed in place, and how often each occurs.
  BpeMerges(int[][] words, long[] counts) {
    this.words = words;
    this.counts = counts;
    this.lengths = new int[words.length];
    for (int w = 0; w < words.length; w++) {
      lengths[w] = words[w].length;
      for (int i = 0; i + 1 < lengths[w]; i++) {
        add(words[w][i], words[w][i + 1], w);
      }
    }
    pairs.values().forEach(p -> heap.add(new Entry(p.count, p)));
  }

  List<Merge> run(int firstId, int limit, long minFrequency) {
    var merges = new ArrayList<Merge>();
    for (Pair best; merges.size() < limit && (best = next(minFrequency)) != null; ) {
      var merge = new Merge((int) (best.key >>> 32), (int) best.key);
      apply(best, merge, firstId + merges.size());
      merges.add(merge);
    }
    return merges;
  }

  private @Nullable Pair next(long minFrequency) {
    for (Entry top; (top = heap.poll()) != null; ) {
      Pair pair = top.pair();
      if (pair.count == top.count()) {
        return pair.count < Math.max(1, minFrequency) ? null : pair;
      }
      if (pair.count > 0) {
        heap.add(new Entry(pair.count, pair));
      }
    }
    return null;
  }

  private void apply(Pair pair, Merge merge, int id) {
    pairs.remove(pair.key);
    var grown = new ArrayList<Pair>();
    for (int i = 0; i < pair.size; i++) {
      rewrite(pair.words[i], merge, id, grown);
    }
    pair.count = 0;
    grown.forEach(p -> heap.add(new Entry(p.count, p)));
  }

  private void rewrite(int w, Merge merge, int id, List<Pair> grown) {
    int[] s = words[w];
    int length = lengths[w];
    int out = 0;
    for (int i = 0; i < length; ) {
      if (i + 1 < length && s[i] == merge.left() && s[i + 1] == merge.right()) {
        if (out > 0) {
          remove(s[out - 1], merge.left(), w);
          grow(s[out - 1], id, w, grown);
        }
        if (i + 2 < length) {
          remove(merge.right(), s[i + 2], w);
          grow(id, s[i + 2], w, grown);
        }
        s[out++] = id;
        i += 2;
      } else {
        s[out++] = s[i++];
      }
    }
    lengths[w] = out;
  }

  private void grow(int left, int right, int word, List<Pair> grown) {
    int before = pairs.size();
    Pair pair = add(left, right, word);
    if (pairs.size() > before) {
      grown.add(pair);
    }
  }

  private Pair add(int left, int right, int word) {
    Pair pair = pairs.computeIfAbsent(key(left, right), Pair::new);
    pair.count += counts[word];
    pair.in(word);
    return pair;
  }

  private void remove(int left, int right, int word) {
    Pair pair = pairs.get(key(left, right));
    if (pair != null) { // null: the pair being merged
      pair.count -= counts[word];
    }
  }

  private static long key(int left, int right) {
    return (long) left << 32 | right;
  }
}
