package org.jtorch.bpe;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.regex.Matcher;
import org.jtorch.io.Utf8;
import org.jtorch.text.PreTokenizer;

/// Counts the words of a corpus on all cores: one thread reads, the others cut batches of about a hundred thousand
/// characters, small enough that a corpus of a megabyte keeps all cores busy.
final class WordCounter {
  private static final int BATCH_CHARS = 1 << 17;
  private final PreTokenizer split;
  private final Map<String, long[]> total = new HashMap<>();

  private WordCounter(PreTokenizer split) {
    this.split = split;
  }

  static Map<String, long[]> count(Iterator<String> texts, PreTokenizer split) {
    var counter = new WordCounter(split);
    int threads = Runtime.getRuntime().availableProcessors();
    try (ExecutorService pool = Executors.newFixedThreadPool(threads)) {
      counter.read(texts, pool, 2 * threads);
    }
    return counter.total;
  }

  private void read(Iterator<String> texts, ExecutorService pool, int inFlight) {
    var running = new ArrayDeque<Future<Map<String, long[]>>>();
    while (texts.hasNext()) {
      List<String> batch = batch(texts);
      running.add(pool.submit(() -> count(batch)));
      if (running.size() >= inFlight) {
        collect(running.remove());
      }
    }
    running.forEach(this::collect);
  }

  private static List<String> batch(Iterator<String> texts) {
    var batch = new ArrayList<String>();
    for (int chars = 0; chars < BATCH_CHARS && texts.hasNext(); ) {
      String text = Utf8.wellFormed(texts.next());
      batch.add(text);
      chars += text.length() + 1;
    }
    return batch;
  }

  private Map<String, long[]> count(List<String> texts) {
    var counts = new HashMap<String, long[]>();
    for (String text : texts) {
      Matcher words = split.pattern().matcher(text);
      while (words.find()) {
        counts.computeIfAbsent(words.group(), _ -> new long[1])[0]++;
      }
    }
    return counts;
  }

  private void collect(Future<Map<String, long[]>> batch) {
    try {
      batch.get().forEach((word, n) -> total.merge(word, n, WordCounter::sum));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException("interrupted while counting words", e);
    } catch (ExecutionException e) {
      throw new IllegalStateException("cannot count words: " + e.getCause(), e.getCause());
    }
  }

  private static long[] sum(long[] a, long[] b) {
    a[0] += b[0];
    return a;
  }
}
