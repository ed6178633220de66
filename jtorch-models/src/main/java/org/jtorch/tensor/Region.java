package org.jtorch.tensor;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/// The stack of live temporaries of one thread. A scope is a mark on it; a tensor carries its depth.
///
/// Promotion only lowers a number; closing walks from the mark, frees what is at least as deep as the scope
/// and slides the survivors down, where they belong to the parent by position. No maps, no lists per scope.
final class Region {
  private static final ThreadLocal<Region> CURRENT = ThreadLocal.withInitial(Region::new);

  private @Nullable Tensor[] stack = new Tensor[256];
  private int top;
  private int peak;
  long hostReads;
  @Nullable TensorScope innermost;

  static Region current() {
    return CURRENT.get();
  }

  int top() {
    return top;
  }

  int peak() {
    return peak;
  }

  void resetPeak() {
    peak = top;
  }

  /// Registers a new-born tensor in the innermost scope.
  void born(Tensor t) {
    var scope = innermost;
    if (scope == null) {
      t.free();
      throw new IllegalStateException("no TensorScope is open on thread " + Thread.currentThread().getName()
          + ": wrap the work in try (var _ = TensorScope.open()) { ... }");
    }
    if (top == stack.length) {
      stack = Arrays.copyOf(stack, top * 2);
    }
    t.depth = scope.depth;
    stack[top++] = t;
    if (top > peak) {
      peak = top;
    }
  }

  /// Frees one tensor and closes the gap; it is looked for from the top, where it usually lies.
  void free(Tensor t) {
    for (int i = top - 1; i >= 0; i--) {
      if (stack[i] == t) {
        System.arraycopy(stack, i + 1, stack, i, top - i - 1);
        stack[--top] = null;
        t.free();
        return;
      }
    }
  }

  /// Frees everything above `mark` that lives at `depth` or deeper.
  void close(int mark, int depth) {
    int keep = mark;
    for (int i = mark; i < top; i++) {
      Tensor t = stack[i];
      if (t == null || !t.isAlive() || t.depth == Tensor.OWNED) {
        continue;                                  // freed early, or it has an owner now
      }
      if (t.depth < depth) {
        stack[keep++] = t;
      } else {
        t.free();
      }
    }
    Arrays.fill(stack, keep, top, null);
    top = keep;
  }
}
