package org.jtorch.data;

import java.util.Arrays;
import java.util.List;
import java.util.function.Function;

/// Batches of examples that lie in a list (chats, pairs, prompts), shuffled anew in each epoch.
///
/// ```java
/// var batches = new ExampleBatches<>(seed, 8, pairs, new Collator(1_024, 64)::pairs);
/// ```
///
/// @param <E> an example
/// @param <B> what `collate` makes of `batch` of them
public final class ExampleBatches<E, B> implements BatchSource<B> {
  private final List<E> examples;
  private final Function<List<E>, B> collate;
  private final BatchOrder order;
  private final int batch;

  public ExampleBatches(long seed, int batch, List<E> examples, Function<List<E>, B> collate) {
    if (batch < 1 || batch > examples.size()) {
      throw new IllegalArgumentException("the batch is " + batch + " examples of " + examples.size() + "; use 1 to "
          + Math.max(1, examples.size()));
    }
    this.examples = List.copyOf(examples);
    this.collate = collate;
    this.batch = batch;
    this.order = new BatchOrder(seed, examples.size());
  }

  @Override
  public B at(long step) {
    return collate.apply(Arrays.stream(order.rowsOf(step, batch)).mapToObj(i -> examples.get((int) i)).toList());
  }

  @Override
  public BatchOrder order() {
    return order;
  }

  @Override
  public int batch() {
    return batch;
  }
}
