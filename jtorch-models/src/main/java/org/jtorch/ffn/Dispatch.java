package org.jtorch.ffn;

import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;
import org.jtorch.tensor.DType;
import org.jtorch.tensor.Device;
import org.jtorch.tensor.Ops;
import org.jtorch.tensor.Tensor;

/// Choices of experts in the order of the experts, so that each expert's tokens are neighbours; none is dropped.
///
/// A token n with its j-th choice is the assignment `n k + j`; after sorting it lies in a slot. Grouped products need only
/// tensors; where experts are run one by one ([#count], [#part]), Java must know the counts, and a device is asked for them.
final class Dispatch {
  private final Tensor order;
  private final Tensor tokens;
  private final Tensor slots;
  private final Tensor ends;
  private final int active;
  private int @Nullable [] starts;

  /// @param order the assignment in each slot, int64 `[N k]`
  /// @param tokens the token in each slot, int64 `[N k]`
  /// @param slots where each assignment lies, int64 `[N k]`
  /// @param ends the end of each expert's slots, int32 `[E]`
  /// @param starts the first slot of each expert, and the number of slots at the end; null if nobody knows yet
  private Dispatch(Tensor order, Tensor tokens, Tensor slots, Tensor ends, int active, int @Nullable [] starts) {
    this.order = order;
    this.tokens = tokens;
    this.slots = slots;
    this.ends = ends;
    this.active = active;
    this.starts = starts;
  }

  /// @param chosen int64 `[N, k]`
  static Dispatch of(Tensor chosen, int experts) {
    return chosen.device().isCuda() ? onDevice(chosen, experts) : counted(chosen, experts);
  }

  /// Sorts by counting in Java, where the choices are in reach.
  static Dispatch counted(Tensor chosen, int experts) {
    int active = (int) chosen.size(1);
    long[] ids = chosen.contiguous().asSegment().toArray(ValueLayout.JAVA_LONG);
    var starts = new int[experts + 1];
    for (long id : ids) {
      starts[(int) id + 1]++;
    }
    for (int e = 0; e < experts; e++) {
      starts[e + 1] += starts[e];
    }
    var next = starts.clone();
    var order = new long[ids.length];
    var tokens = new long[ids.length];
    var slots = new long[ids.length];
    for (int i = 0; i < ids.length; i++) {
      int slot = next[(int) ids[i]]++;
      order[slot] = i;
      tokens[slot] = i / active;
      slots[i] = slot;
    }
    Tensor ends = Tensor.of(Arrays.stream(starts, 1, experts + 1).asLongStream().toArray()).to(DType.I32);
    return new Dispatch(Tensor.of(order), Tensor.of(tokens), Tensor.of(slots), ends, active, starts);
  }

  /// The same by operations of the device, which Java does not wait for.
  static Dispatch onDevice(Tensor chosen, int experts) {
    Device device = chosen.device();
    Tensor ids = chosen.reshape(-1);
    long n = ids.numel();
    Tensor numbers = Ops.arange(0, n, device);
    Tensor order = Ops.sort(ids.mul(n).add(numbers), 0, false).indices();                   // no two are equal: one order only
    Tensor slots = Ops.emptyLike(numbers).scatterInPlace(0, order, numbers);
    Tensor counts = Ops.zeros(DType.I64, device, experts).indexAddInPlace(0, ids, Ops.ones(DType.I64, device, n));
    return new Dispatch(order, order.floorDiv(chosen.size(1)), slots, counts.cumsum(0).to(DType.I32), (int) chosen.size(1), null);
  }

  Tensor order() {
    return order;
  }

  Tensor tokens() {
    return tokens;
  }

  Tensor slots() {
    return slots;
  }

  Tensor ends() {
    return ends;
  }

  int start(int expert) {
    return starts()[expert];
  }

  int count(int expert) {
    return starts()[expert + 1] - starts()[expert];
  }

  private int[] starts() {
    int[] known = starts;
    if (known == null) {
      long[] read = ends.toLongs();
      known = new int[read.length + 1];
      for (int e = 0; e < read.length; e++) {
        known[e + 1] = (int) read[e];
      }
      starts = known;
    }
    return known;
  }

  /// The row of the token in each slot. x `[N, C]` to `[N k, C]`
  Tensor gather(Tensor x) {
    return x.indexSelect(0, tokens);
  }

  /// The rows of an expert's tokens. x `[N, C]`
  Tensor gather(Tensor x, int expert) {
    return x.size(0) == 1 ? x : x.indexSelect(0, tokens.narrow(0, start(expert), count(expert)));
  }

  /// An expert's slots of a tensor in the order of slots. x `[N k, ...]`
  Tensor part(Tensor x, int expert) {
    return x.narrow(0, start(expert), count(expert));
  }

  /// Values of assignments in the order of slots. x `[N, k]` to `[N k, 1]`
  Tensor sorted(Tensor x) {
    return x.reshape(-1, 1).indexSelect(0, order);
  }

  /// Values of slots back at their assignments. x `[N k, 1]` to `[N, k]`
  Tensor unsorted(Tensor x) {
    return x.indexSelect(0, slots).view(-1, active);
  }

  /// Adds each token's slots. y `[N k, C]` to `[N, C]`
  Tensor combine(Tensor y) {
    return y.indexSelect(0, slots).view(-1, active, y.size(1)).sum(1, false);
  }
}
