package org.jtorch.align;

import java.util.ArrayList;
import java.util.List;
import org.jtorch.tensor.ranks.Ranks;

/// How examples of a batch are divided among processes and micro-batches.
public final class Share {
  private Share() {}

  /// The contiguous share of a rank, so that the shares of all in their order are the batch; they differ by one at most.
  public static <E> List<E> of(List<E> batch, Ranks ranks) {
    int from = (int) ((long) batch.size() * ranks.rank() / ranks.size());
    int to = (int) ((long) batch.size() * (ranks.rank() + 1) / ranks.size());
    return batch.subList(from, to);
  }

  /// Parts of `n` examples, the last of which may have fewer.
  public static <E> List<List<E>> parts(List<E> examples, int n) {
    var parts = new ArrayList<List<E>>();
    for (int from = 0; from < examples.size(); from += n) {
      parts.add(examples.subList(from, Math.min(from + n, examples.size())));
    }
    return parts;
  }

  /// Fails unless every rank has an example and every micro-batch as many as the others.
  ///
  /// @param what the examples are called in messages
  public static void require(int batch, int accumulate, Ranks ranks, String what) {
    if (batch < ranks.size()) {
      throw new IllegalArgumentException("`batch` is " + batch + " " + what + " but there are " + ranks.size()
          + " processes, and each needs one; use a batch of at least " + ranks.size() + " or fewer processes");
    }
    if (batch % accumulate != 0) {
      throw new IllegalArgumentException("`accumulate` (" + accumulate + ") must divide the batch's " + what + " (" + batch
          + "); change one of them");
    }
  }
}
