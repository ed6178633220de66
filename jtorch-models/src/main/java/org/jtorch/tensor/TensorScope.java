package org.jtorch.tensor;

import com.google.errorprone.annotations.CanIgnoreReturnValue;
import com.google.errorprone.annotations.MustBeClosed;
import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// The life time of temporaries, after `java.lang.foreign.Arena`: tensors are not closeable, scopes are.
///
/// ```java
/// try (var scope = TensorScope.open()) {
///   var y = x.mul(2).add(1);      // both results live here
///   keep = scope.promote(y);      // y moves to the enclosing scope, the product dies at }
/// }
/// ```
///
/// A tensor is born in the innermost scope open on its thread; without one, birth throws. Scopes close
/// innermost first, once, on their own thread; anything else throws. [org.jtorch.nn.Layer#apply] opens one
/// for every layer call, so model code never mentions memory.
public final class TensorScope implements AutoCloseable {
  private final Region region;
  private final @Nullable TensorScope parent;
  private final Thread thread;
  private final int mark;
  final int depth;
  private @Nullable List<Arena> loans;
  private boolean closed;

  private TensorScope(Region region) {
    this.region = region;
    this.parent = region.innermost;
    this.thread = Thread.currentThread();
    this.mark = region.top();
    this.depth = parent == null ? 1 : parent.depth + 1;
    region.innermost = this;
  }

  /// Opens a scope inside the innermost one of this thread.
  ///
  /// @throws IllegalStateException on a virtual thread: libtorch's modes are native thread-locals, which a
  ///     virtual thread would lose when it changes its carrier
  @MustBeClosed
  public static TensorScope open() {
    if (Thread.currentThread().isVirtual()) {
      throw new IllegalStateException("tensors need a platform thread: libtorch keeps its modes in native thread-locals");
    }
    return new TensorScope(Region.current());
  }

  /// Moves `t` to the enclosing scope. Tensors that do not live here (inputs, parameters) are left alone.
  ///
  /// @throws IllegalStateException from the outermost scope, or for an alias of foreign memory, which must
  ///     not outlive the scope in which it was made
  @CanIgnoreReturnValue
  public Tensor promote(Tensor t) {
    requireOpen();
    t.requireThread();
    if (t.depth == depth) {
      if (parent == null) {
        throw new IllegalStateException("promote from the outermost scope: there is nowhere to go; open a scope around this one");
      }
      t.refuseAlias("promoted");
      t.depth = depth - 1;
    }
    return t;
  }

  @CanIgnoreReturnValue
  public <G extends TensorGroup> G promote(G group) {
    group.forEachTensor(this::promote);
    return group;
  }

  /// Moves `t`, born in a scope inside this one, to this scope.
  @CanIgnoreReturnValue
  public Tensor adopt(Tensor t) {
    requireOpen();
    t.requireThread();
    if (t.depth > depth) {
      t.refuseAlias("adopted");
      t.depth = depth;
    }
    return t;
  }

  @CanIgnoreReturnValue
  public <G extends TensorGroup> G adopt(G group) {
    group.forEachTensor(this::adopt);
    return group;
  }

  /// Frees `t` now if it lives in the innermost scope; tensors that live elsewhere are left alone. For chains in which each
  /// link dies when the next is there.
  public static void free(Tensor t) {
    if (t.depth == innermost().depth) {
      Region.current().free(t);
    }
  }

  /// Ends `arena` with this scope, if it has not ended before.
  void bound(Arena arena) {
    if (loans == null) {
      loans = new ArrayList<>();
    }
    loans.add(arena);
  }

  static TensorScope innermost() {
    var scope = Region.current().innermost;
    if (scope == null) {
      throw new IllegalStateException("no TensorScope is open on thread " + Thread.currentThread().getName());
    }
    return scope;
  }

  private void requireOpen() {
    if (Thread.currentThread() != thread) {
      throw new WrongThreadException("a TensorScope of thread " + thread.getName() + " was used or closed on "
          + Thread.currentThread().getName());
    }
    if (closed) {
      throw new IllegalStateException("this TensorScope is closed already");
    }
  }

  @Override public void close() {
    requireOpen();
    if (region.innermost != this) {
      throw new IllegalStateException("scopes close innermost first: another scope is still open inside this one");
    }
    closed = true;
    region.close(mark, depth);
    region.innermost = parent;
    if (loans != null) {
      loans.stream().filter(a -> a.scope().isAlive()).forEach(Arena::close);
    }
  }

  /// What lives in this thread's scopes now, the most that ever did, and how often it waited for a device.
  ///
  /// @param live tensors alive in scopes of this thread
  /// @param peak most of them at once since [#resetPeak]
  /// @param nativeObjects every object that JavaCPP tracks in this process
  /// @param hostReads how often this thread read values of a tensor into Java, for which a device must finish its work first
  public record Stats(int live, int peak, long nativeObjects, long hostReads) {}

  public static Stats stats() {
    var region = Region.current();
    return new Stats(region.top(), region.peak(), Native.objects(), region.hostReads);
  }

  public static void resetPeak() {
    Region.current().resetPeak();
  }
}
