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
  private final RowOrder order;
  private final int batch;

  public ExampleBatches(long seed, int batch, List<E> examples, Function<List<E>, B> collate) {
    this(batch, examples, collate, new BatchOrder(seed, Math.max(1, examples.size())));
  }

  /// Batches of several sources, each of which gives its share of the examples and begins again when it is used up.
  ///
  /// @param shares one for each source: any positive numbers
  public static <E, B> ExampleBatches<E, B> mixed(long seed, int batch, List<List<E>> sources, double[] shares, Function<List<E>, B> collate) {
    if (sources.isEmpty() || sources.size() != shares.length || sources.stream().anyMatch(List::isEmpty)) {
      throw new IllegalArgumentException("there are " + sources.size() + " sources, some perhaps empty, and " + shares.length
          + " shares; give each source an example or more and a share, 1 for all alike");
    }
    if (sources.size() == 1) {
      return new ExampleBatches<>(seed, batch, sources.getFirst(), collate);
    }
    long[] rows = sources.stream().mapToLong(List::size).toArray();
    return new ExampleBatches<>(batch, sources.stream().flatMap(List::stream).toList(), collate, MixedOrder.of(seed, rows, shares));
  }

  private ExampleBatches(int batch, List<E> examples, Function<List<E>, B> collate, RowOrder order) {
    if (batch < 1 || batch > examples.size()) {
      throw new IllegalArgumentException("the batch is " + batch + " examples of " + examples.size() + "; use 1 to "
          + Math.max(1, examples.size()));
    }
    this.examples = List.copyOf(examples);
    this.collate = collate;
    this.batch = batch;
    this.order = order;
  }

  @Override
  public B at(long step) {
    return collate.apply(Arrays.stream(order.rowsOf(step, batch)).mapToObj(i -> examples.get((int) i)).toList());
  }

  @Override
  public RowOrder order() {
    return order;
  }

  @Override
  public int batch() {
    return batch;
  }
}
