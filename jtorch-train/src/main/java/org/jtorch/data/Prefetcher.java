package org.jtorch.data;

import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.function.LongFunction;
import org.jtorch.io.DataException;

/// Makes the next batches on a thread of its own while the current one is trained on, at most `ahead` of them. What
/// goes wrong there is thrown by [#next], with its own type and message where it is one of ours. For one consumer.
///
/// @param <B> a batch
public final class Prefetcher<B> implements AutoCloseable {
  private sealed interface Item<B> {
    record Ready<B>(B batch) implements Item<B> {}

    record Failed<B>(long step, Throwable cause) implements Item<B> {}
  }

  private final BlockingQueue<Item<B>> queue;
  private final Thread thread;
  private volatile boolean closed;

  public Prefetcher(LongFunction<B> batches, long firstStep, int ahead) {
    if (ahead < 1) {
      throw new IllegalArgumentException("a prefetcher must be at least 1 batch ahead, not " + ahead + "; 2 is usual");
    }
    queue = new ArrayBlockingQueue<>(ahead);
    thread = Thread.ofPlatform().daemon().name("jtorch-batches").start(() -> fill(batches, firstStep));
  }

  private void fill(LongFunction<B> batches, long firstStep) {
    long step = firstStep;
    try {
      for (; !closed; step++) {
        queue.put(new Item.Ready<>(batches.apply(step)));
      }
    } catch (InterruptedException _) {
      Thread.currentThread().interrupt(); // closed while waiting for room
    } catch (Throwable e) {
      fail(new Item.Failed<>(step, e));
    }
  }

  private void fail(Item failed) {
    try {
      queue.put(failed);
    } catch (InterruptedException _) {
      Thread.currentThread().interrupt();
    }
  }

  /// The next batch, in the order of steps.
  public B next() {
    if (closed) {
      throw new IllegalStateException("this prefetcher is closed");
    }
    try {
      return switch (queue.take()) {
        case Item.Ready<B>(B batch) -> batch;
        case Item.Failed<B>(long step, Throwable cause) -> {
          closed = true;
          throw rethrown(step, cause);
        }
      };
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException("interrupted while waiting for a batch", e);
    }
  }

  private static RuntimeException rethrown(long step, Throwable cause) {
    return switch (cause) {
      case DataException e -> new DataException(String.valueOf(e.getMessage()), e);
      case IllegalArgumentException e -> new IllegalArgumentException(e.getMessage(), e);
      default -> new IllegalStateException("making the batch of step " + step + " failed: " + cause, cause);
    };
  }

  @Override
  public void close() {
    closed = true;
    thread.interrupt();
    queue.clear();
    boolean interrupted = false;
    while (thread.isAlive()) {
      try {
        thread.join();
      } catch (InterruptedException _) {
        interrupted = true;
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }
}
