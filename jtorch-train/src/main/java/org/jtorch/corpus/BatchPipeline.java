package org.jtorch.corpus;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import java.util.function.Function;
import org.jtorch.data.Document;
import org.jtorch.data.DocumentCursor;
import org.jtorch.data.DocumentCursor.Position;

/// Works on the documents of a source in batches, on several threads, and hands the results on in the order of the documents.
/// The calling thread reads ahead of the workers by a few batches and by a bounded number of characters.
final class BatchPipeline implements AutoCloseable {
  /// What became of a batch.
  ///
  /// @param after where the source stands behind its last document
  /// @param bytesRead of the source's files by then
  record Done<R>(R result, Position after, long bytesRead) {}

  private record Running<R>(Future<R> result, Position after, long bytesRead, long chars) {}

  private static final long MOST_CHARS = 1 << 24;

  private final ExecutorService pool;
  private final int mostBatches;
  private final long batchChars;

  BatchPipeline(int threads, long batchChars) {
    pool = Executors.newFixedThreadPool(threads, Thread.ofPlatform().daemon().name("jtorch-corpus-", 0).factory());
    mostBatches = 2 * threads;
    this.batchChars = batchChars;
  }

  /// Reads to the end, or until asked to stop; what was read by then is worked on and handed on. No work goes on when this
  /// returns or throws.
  ///
  /// @return whether the end was reached
  <R> boolean run(DocumentCursor cursor, Function<List<Document>, R> work, Consumer<Done<R>> sink, BooleanSupplier stop) {
    var running = new ArrayDeque<Running<R>>();
    try {
      boolean ended = submit(cursor, work, sink, stop, running);
      while (!running.isEmpty()) {
        hand(running.remove(), sink);
      }
      return ended;
    } finally {
      running.forEach(left -> settle(left.result));
    }
  }

  private <R> boolean submit(DocumentCursor cursor, Function<List<Document>, R> work, Consumer<Done<R>> sink, BooleanSupplier stop,
      Queue<Running<R>> running) {
    long chars = 0;
    boolean ended = false;
    while (!ended && !stop.getAsBoolean()) {
      var batch = new ArrayList<Document>();
      long size = read(cursor, batch);
      ended = size < batchChars;
      if (!batch.isEmpty()) {
        running.add(new Running<>(pool.submit(() -> work.apply(batch)), cursor.position(), cursor.bytesRead(), size));
        chars += size;
      }
      while (running.size() > mostBatches || (chars > MOST_CHARS && !running.isEmpty())) {
        chars -= hand(running.remove(), sink);
      }
    }
    return ended;
  }

  /// Waits for work whose result nobody wants any more: it may use what the caller is about to close.
  private static void settle(Future<?> work) {
    try {
      var _ = work.get();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } catch (ExecutionException _) {
      // another failure is under way already
    }
  }

  private long read(DocumentCursor cursor, List<Document> batch) {
    long size = 0;
    for (Document next; size < batchChars && (next = cursor.next()) != null; ) {
      batch.add(next);
      size += next.text().length();
    }
    return size;
  }

  private static <R> long hand(Running<R> done, Consumer<Done<R>> sink) {
    try {
      sink.accept(new Done<>(done.result.get(), done.after, done.bytesRead));
      return done.chars;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException("interrupted while a corpus was read", e);
    } catch (ExecutionException e) {
      throw e.getCause() instanceof RuntimeException known ? known
          : new IllegalStateException("cannot work on the documents: " + e.getCause(), e.getCause());
    }
  }

  @Override
  public void close() {
    pool.shutdownNow();
    pool.close();
  }
}
