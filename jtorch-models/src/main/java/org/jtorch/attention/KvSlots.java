package org.jtorch.attention;

import org.jtorch.tensor.DType;
import org.jtorch.tensor.Device;
import org.jtorch.tensor.Ops;
import org.jtorch.tensor.Tensor;
import org.jtorch.tensor.TensorOwner;

/// The keys and values of an attention layer: token i lies in slot `i mod size`. Both `[B, G, size, D]`
record KvSlots(Tensor keys, Tensor values, int size) implements LayerState {
  static KvSlots allocate(int batch, int heads, int size, int headDim, DType dtype, Device device) {
    return new KvSlots(Ops.zeros(dtype, device, batch, heads, size, headDim), Ops.zeros(dtype, device, batch, heads, size, headDim), size);
  }

  /// Zeros of the same kind for another number of rows.
  KvSlots empty(int batch) {
    return allocate(batch, (int) keys.size(1), size, (int) keys.size(3), keys.dtype(), keys.device());
  }

  KvSlots owned(TensorOwner owner) {
    owner.own(keys);
    owner.own(values);
    return this;
  }

  /// A view of one row.
  KvSlots row(int row) {
    return new KvSlots(keys.narrow(0, row, 1), values.narrow(0, row, 1), size);
  }

  @Override public long bytes() {
    return 2 * keys.numel() * keys.dtype().bytes();
  }

  /// What lies beyond the cache's length is never read, or hidden.
  @Override public void clear() {}

  /// The newest `n` before token `end` of `half` (keys or values), in order.
  Tensor last(Tensor half, int end, long n) {
    if (end <= size) {
      return half.narrow(2, end - n, n);
    }
    long from = (end - n) % size;
    long behind = Math.min(n, size - from);
    return behind == n ? half.narrow(2, from, n) : Ops.cat(2, half.narrow(2, from, behind), half.narrow(2, 0, n - behind));
  }

  /// Puts the newest of `[B, G, T, D]` into their slots; the first is token `at`.
  void store(Tensor k, Tensor v, long at) {
    long fresh = k.size(2);
    long kept = Math.min(fresh, size);
    long slot = (at + fresh - kept) % size;
    long behind = Math.min(kept, size - slot);
    write(k, v, slot, fresh - kept, behind);
    if (kept > behind) {
      write(k, v, 0, fresh - kept + behind, kept - behind);
    }
  }

  /// Tokens `[from, from + n)` of k and v into neighbouring slots.
  void write(Tensor k, Tensor v, long slot, long from, long n) {
    keys.narrow(2, slot, n).copyInPlace(k.narrow(2, from, n));
    values.narrow(2, slot, n).copyInPlace(v.narrow(2, from, n));
  }
}
