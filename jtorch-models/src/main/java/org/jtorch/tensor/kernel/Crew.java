package org.jtorch.tensor.kernel;

import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;
import org.jtorch.tensor.TorchInfo;

/// The threads that share a fused pass: the caller and, for each further core that libtorch uses, one daemon.
///
/// Rows go in chunks that whoever is free takes next, so a helper that wakes late costs nothing: the caller does its share.
/// A helper waits for the next pass for some microseconds awake, then asleep. Results must not depend on who computes a
/// chunk; what is summed over rows is summed in the chunks of [#chunks], which do not depend on the number of threads.
final class Crew {
  /// Some rows of a pass.
  interface Rows {
    void run(int from, int to);
  }

  /// Elements below which waking a helper costs more than it brings.
  private static final long ALONE = 1L << 15;
  private static final int SPINS = 1 << 10;
  private static final Crew CREW = new Crew(TorchInfo.threads() - 1);

  /// One pass: the chunks not yet taken, and those not yet done.
  private static final class Job {
    final Rows body;
    final int rows;
    final int chunk;
    final AtomicInteger next = new AtomicInteger();
    final AtomicInteger left;
    volatile @Nullable Throwable failure;

    Job(Rows body, int rows, int chunk) {
      this.body = body;
      this.rows = rows;
      this.chunk = chunk;
      this.left = new AtomicInteger((rows + chunk - 1) / chunk);
    }

    void work() {
      for (int from = next.getAndAdd(chunk); from < rows && from >= 0; from = next.getAndAdd(chunk)) {
        try {
          body.run(from, Math.min(rows, from + chunk));
        } catch (Throwable e) {
          failure = e;
        }
        left.getAndDecrement();
      }
    }

    boolean done() {
      return left.get() == 0;
    }
  }

  private final Thread[] helpers;
  private final ReentrantLock turn = new ReentrantLock();
  private volatile @Nullable Job job;

  private Crew(int helpers) {
    this.helpers = new Thread[Math.max(0, helpers)];
    for (int i = 0; i < this.helpers.length; i++) {
      this.helpers[i] = Thread.ofPlatform().daemon().name("jtorch-pass-" + (i + 1)).start(this::help);
    }
  }

  /// Runs `body` over all rows, each once, and returns when all are done.
  ///
  /// @param width elements that a row stands for
  static void over(long rows, long width, Rows body) {
    int n = Math.toIntExact(rows);
    if (rows * width < 2 * ALONE || CREW.helpers.length == 0 || !CREW.turn.tryLock()) {
      body.run(0, n);
      return;
    }
    try {
      long parts = Math.clamp(rows * width / ALONE, 2, 8L * (CREW.helpers.length + 1));
      CREW.share(new Job(body, n, Math.toIntExact(Math.max(1, (rows + parts - 1) / parts))));
    } finally {
      CREW.turn.unlock();
    }
  }

  /// How many parts sums over rows are made in.
  static int chunks(long rows) {
    return (int) Math.min(16, rows);
  }

  private void share(Job mine) {
    job = mine;
    for (var h : helpers) {
      LockSupport.unpark(h);
    }
    mine.work();
    for (int i = 0; !mine.done(); i++) {
      if (i < SPINS) {
        Thread.onSpinWait();
      } else {
        Thread.yield();                              // on a busy machine the helper may need this very core to end its chunk
      }
    }
    job = null;
    var failure = mine.failure;
    if (failure != null) {
      throw new IllegalStateException("a fused pass failed", failure);
    }
  }

  private void help() {
    Job last = null;
    int idle = 0;
    while (true) {
      var now = job;
      if (now != null && now != last) {
        last = now;
        now.work();
        idle = 0;
      } else if (idle++ < SPINS) {
        Thread.onSpinWait();
      } else {
        last = null;
        LockSupport.park(this);
        idle = 0;
      }
    }
  }
}
