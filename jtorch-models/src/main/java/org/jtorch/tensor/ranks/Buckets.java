package org.jtorch.tensor.ranks;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import org.jtorch.tensor.Grad;
import org.jtorch.tensor.Ops;
import org.jtorch.tensor.Tensor;
import org.jtorch.tensor.TensorScope;

/// Tensors gathered into flat buffers, because a message has a price of its own: small neighbours of one type and device
/// share a buffer, what fills one alone travels from where it lies.
final class Buckets {
  /// Elements of a buffer: 4 MiB in float32.
  static final long SIZE = 1L << 20;

  private final Consumer<Tensor> exchange;
  private final List<Tensor> waiting = new ArrayList<>();
  private long filled;

  private Buckets(Consumer<Tensor> exchange) {
    this.exchange = exchange;
  }

  /// Runs `exchange`, which changes a contiguous tensor in place, over all of them.
  static void forEach(List<Tensor> tensors, Consumer<Tensor> exchange) {
    var buckets = new Buckets(exchange);
    tensors.forEach(buckets::add);
    buckets.flush();
  }

  private void add(Tensor t) {
    if (t.numel() >= SIZE && t.isContiguous()) {
      exchange.accept(t);
      return;
    }
    if (!waiting.isEmpty() && (filled + t.numel() > SIZE || !alike(waiting.getFirst(), t))) {
      flush();
    }
    waiting.add(t);
    filled += t.numel();
  }

  private static boolean alike(Tensor a, Tensor b) {
    return a.dtype() == b.dtype() && a.device().equals(b.device());
  }

  private void flush() {
    if (!waiting.isEmpty() && filled > 0) {
      try (var _ = TensorScope.open(); var _ = Grad.off()) {
        var first = waiting.getFirst();
        var flat = Ops.empty(first.dtype(), first.device(), filled);
        long at = 0;
        for (var t : waiting) {
          flat.narrow(0, at, t.numel()).copyInPlace(t.reshape(-1));
          at += t.numel();
        }
        exchange.accept(flat);
        at = 0;
        for (var t : waiting) {
          t.copyInPlace(flat.narrow(0, at, t.numel()).view(t.shape()));
          at += t.numel();
        }
      }
    }
    waiting.clear();
    filled = 0;
  }
}
