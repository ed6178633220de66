package org.jtorch.tensor;

import com.google.errorprone.annotations.CanIgnoreReturnValue;
import java.util.ArrayList;
import java.util.List;

/// Owns tensors that outlive scopes: parameters, optimizer state, caches. Closing it frees them all, once.
public final class TensorOwner implements AutoCloseable {
  private final List<Tensor> tensors = new ArrayList<>();
  private final List<AutoCloseable> resources = new ArrayList<>();
  private boolean closed;

  /// Takes `t` out of its scope; from now on it lives until this owner closes.
  @CanIgnoreReturnValue
  public Tensor own(Tensor t) {
    if (closed) {
      throw new IllegalStateException("this TensorOwner is closed already");
    }
    t.share();
    tensors.add(t);
    return t;
  }

  /// Closes `resource` after the tensors: the mapped file that they alias, for example.
  public void closeLater(AutoCloseable resource) {
    resources.add(resource);
  }

  /// Frees one owned tensor now.
  public void release(Tensor t) {
    int at = tensors.indexOf(t);
    if (at < 0) {
      throw new IllegalArgumentException("this owner does not own that tensor");
    }
    t.free();                                              // may refuse: then it is still ours
    tensors.remove(at);
  }

  @Override public void close() {
    if (closed) {
      throw new IllegalStateException("this TensorOwner is closed already");
    }
    tensors.forEach(Tensor::free);
    closed = true;
    tensors.clear();
    for (var resource : resources) {
      try {
        resource.close();
      } catch (Exception e) {
        throw new IllegalStateException("could not close " + resource, e);
      }
    }
  }
}
