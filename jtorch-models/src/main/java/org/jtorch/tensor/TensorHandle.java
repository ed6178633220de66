package org.jtorch.tensor;

import com.google.errorprone.annotations.CanIgnoreReturnValue;
import java.lang.foreign.Arena;
import org.jspecify.annotations.Nullable;

/// The native side of a tensor: its handle, its life time, and how an operator is called so that a refusal says
/// what was asked of which operands.
abstract sealed class TensorHandle permits TensorMath {
  /// The depth of a tensor that belongs to an owner and to no scope.
  static final int OWNED = 0;
  private static final @Nullable String TRACE = System.getProperty("jtorch.trace");

  static {
    Native.load();
  }

  private org.bytedeco.pytorch.@Nullable Tensor handle;
  private final @Nullable Throwable birth;
  /// Whose scopes it lives in; null once an owner shares it between threads.
  private @Nullable Thread thread = Thread.currentThread();
  private @Nullable Loans loans;
  int depth;
  /// How many entries of a [GradTape] still need it.
  int uses;
  boolean readOnly;
  boolean alias;

  TensorHandle(org.bytedeco.pytorch.Tensor handle) {
    this.handle = handle;
    this.birth = TRACE == null ? null : new Throwable("born here");
    Region.current().born(self());
  }

  private Tensor self() {
    return (Tensor) this;
  }

  /// False once it was freed.
  public final boolean isAlive() {
    return handle != null;
  }

  /// The handle.
  ///
  /// @throws IllegalStateException if the tensor was freed
  /// @throws WrongThreadException if it lives in a scope of another thread
  final org.bytedeco.pytorch.Tensor h() {
    requireThread();
    var h = handle;
    if (h == null) {
      throw new IllegalStateException("this tensor was freed: its scope is closed"
          + (birth == null ? " (-Djtorch.trace=scopes shows where it was born)" : ""), birth);
    }
    return h;
  }

  final void free() {
    var h = handle;
    if (h != null) {
      if (loans != null) {
        loans.end();                                   // first: a loan to another thread cannot be taken back
      }
      handle = null;
      h.close();
    }
  }

  /// An arena that ends with this tensor, or with the innermost scope if that closes first.
  final synchronized Arena lend() {
    if (loans == null) {
      loans = new Loans();
    }
    return loans.open();
  }

  final void requireThread() {
    var t = thread;
    if (t != null && t != Thread.currentThread()) {
      throw new WrongThreadException("a tensor that lives in a scope of thread " + t.getName() + " was used on "
          + Thread.currentThread().getName() + ": make it there, or give it to a TensorOwner, whose tensors any thread may use");
    }
  }

  /// From now on it belongs to an owner, and any thread may use it.
  final void share() {
    requireThread();
    thread = null;
    depth = OWNED;
  }

  final void refuseAlias(String word) {
    if (alias) {
      throw new IllegalStateException("an alias of foreign memory cannot be " + word
          + ": it would outlive the memory; copy() it, or give it to a TensorOwner that also owns the mapping");
    }
  }

  final void refuseReadOnly(String op) {
    if (readOnly) {
      throw new IllegalStateException(op + ": this tensor is an alias of a read-only mapping; copy() it first");
    }
  }

  /// Runs a native call; a refusal becomes a [TorchException] that names this tensor.
  @CanIgnoreReturnValue
  final <R> R unwrap(String op, java.util.function.Supplier<R> body) {
    try {
      return body.get();
    } catch (IllegalStateException | IllegalArgumentException | WrongThreadException | TorchException e) {
      throw e;
    } catch (RuntimeException e) {
      throw TorchException.of(op, e, self());
    }
  }

  interface Unary {
    org.bytedeco.pytorch.Tensor on(org.bytedeco.pytorch.Tensor a);
  }

  interface Binary {
    org.bytedeco.pytorch.Tensor on(org.bytedeco.pytorch.Tensor a, org.bytedeco.pytorch.Tensor b);
  }

  final Tensor map(String op, Unary f) {
    var a = h();
    try {
      return new Tensor(f.on(a));
    } catch (IllegalStateException | WrongThreadException e) {
      throw e;
    } catch (RuntimeException e) {
      throw TorchException.of(op, e, self());
    }
  }

  final Tensor map(String op, Tensor o, Binary f) {
    var a = h();
    var b = o.h();
    try {
      return new Tensor(f.on(a, b));
    } catch (IllegalStateException | WrongThreadException e) {
      throw e;
    } catch (RuntimeException e) {
      throw TorchException.of(op, e, self(), o);
    }
  }

  /// An operation whose result may share this tensor's memory, and with it the ban on in-place changes.
  final Tensor share(String op, Unary f) {
    return inherit(map(op, f));
  }

  @CanIgnoreReturnValue
  final Tensor inherit(Tensor t) {
    if (alias && t.h().is_alias_of(h())) {
      t.readOnly = readOnly;
      t.alias = true;
    }
    return t;
  }

  final Tensor change(String op, Tensor o, Binary f) {
    refuseReadOnly(op);
    try {
      var _ = f.on(h(), o.h());                      // JavaCPP answers with this very handle
      return self();
    } catch (IllegalStateException | WrongThreadException e) {
      throw e;
    } catch (RuntimeException e) {
      throw TorchException.of(op, e, self(), o);
    }
  }
}
