package org.jtorch.tensor.ranks;

import com.google.errorprone.annotations.MustBeClosed;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import org.jtorch.tensor.Tensor;

/// The processes that train one model together: the one this is, how many there are, and what they do in common.
///
/// ```java
/// try (var ranks = Ranks.join(System.getenv())) {          // ALONE unless WORLD_SIZE says otherwise
///   backward(rowsOf(ranks.rank(), ranks.size()));
///   optimizer.sum(ranks);                                  // every rank has the whole gradient now
///   optimizer.step(rate);
/// }
/// ```
///
/// Every method but [#rank], [#size] and [#localRank] is collective: all ranks call it, in the same order, with as many
/// values or tensors of the same shapes, each from one thread. It returns when this rank's part is done. Sums add in an
/// order that the number of ranks alone decides, so every rank gets the same bits, and gets them again in the next run.
///
/// If another process dies or stays silent for [#PATIENCE_MINUTES], a [RanksException] is thrown within a second of the
/// call, or then; nothing can be summed after that.
public sealed interface Ranks extends AutoCloseable permits Alone, ProcessGroup {
  /// One process: sums are what they are, nobody is waited for.
  Ranks ALONE = new Alone();
  /// How long a sum waits for a process that is alive but does not answer.
  long PATIENCE_MINUTES = 10;

  /// The processes that these environment variables speak of, torchrun's: `RANK`, `WORLD_SIZE`, `LOCAL_RANK`,
  /// `MASTER_ADDR` and `MASTER_PORT`. [#ALONE] if `WORLD_SIZE` is absent or 1; otherwise waits until all have come.
  ///
  /// @throws IllegalArgumentException if a variable is missing or cannot be
  /// @throws RanksException if the others do not come within minutes
  @MustBeClosed
  static Ranks join(Map<String, String> environment) {
    var mine = RankEnvironment.of(environment);
    return mine.size() == 1 ? ALONE : ProcessGroup.join(mine);
  }

  /// From 0 to [#size] - 1.
  int rank();

  /// How many processes there are.
  int size();

  /// Counts the ranks on this machine; says which of its devices is this one's.
  int localRank();

  /// Whether this is rank 0, which logs and writes files.
  default boolean isFirst() {
    return rank() == 0;
  }

  /// Replaces each tensor by its sum over all ranks, in place. float32 or float64; small ones travel together.
  void sum(List<Tensor> tensors);

  /// The sums of these values over all ranks, in float64.
  double[] sum(double... values);

  /// The largest of each of these values over all ranks.
  double[] max(double... values);

  /// Replaces each tensor by that of rank `from`, in place.
  void broadcast(List<Tensor> tensors, int from);

  /// The values of rank 0.
  double[] ofFirst(double... values);

  /// Returns when every rank has come here, however long a living one takes: it may be writing a checkpoint.
  void barrier();

  /// Runs `body` on rank 0 and, when it is done there, on the others: they find the files that it made.
  default <R> R afterFirst(Supplier<R> body) {
    if (!isFirst()) {
      barrier();
    }
    R result = body.get();
    if (isFirst()) {
      barrier();
    }
    return result;
  }

  /// The same without a result.
  default void afterFirst(Runnable body) {
    var _ = afterFirst(() -> {
      body.run();
      return this;
    });
  }

  /// Leaves the others. Those still in a sum get an exception.
  @Override void close();
}
