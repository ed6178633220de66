package org.jtorch.data;

/// The batches of a training run as a function of the step: same seed, same rows, same batch, on any machine and after any
/// resume. Holds no state; may be asked by many threads.
///
/// @param <B> what a step is trained on: a [Batch], a [PairBatch], prompts
public interface BatchSource<B> {
  /// The batch of a step, counted from 0.
  B at(long step);

  /// The order that rows are taken in.
  RowOrder order();

  /// Rows of a batch, over all micro-batches.
  int batch();

  /// Batches of the steps from `firstStep` on, made ahead in the background; close it.
  default Prefetcher<B> prefetch(long firstStep, int ahead) {
    return new Prefetcher<>(this::at, firstStep, ahead);
  }

  /// Whole steps in one pass over the rows.
  default long stepsPerEpoch() {
    return order().rows() / batch();
  }

  default double epochAt(long step) {
    return (double) step * batch() / order().rows();
  }
}
