package org.jtorch.ffn;

import java.util.Arrays;
import org.jtorch.tensor.DType;
import org.jtorch.tensor.Ops;
import org.jtorch.tensor.Tensor;

/// Choices of experts in the order of the experts, so that each expert's tokens are neighbours; none is dropped.
///
/// A token n with its j-th choice is the assignment `n k + j`; after sorting it lies in a slot.
///
/// @param order the assignment in each slot, int64 `[N k]`
/// @param tokens the token in each slot, int64 `[N k]`
/// @param slots where each assignment lies, int64 `[N k]`
/// @param ends the end of each expert's slots, int32 `[E]`
/// @param starts the first slot of each expert, and the number of slots at the end
@SuppressWarnings("ArrayRecordComponent")                            // never compared
record Dispatch(Tensor order, Tensor tokens, Tensor slots, Tensor ends, int active, int[] starts) {
  /// Sorts by counting, on the host: the sizes of the products are needed there anyway.
  ///
  /// @param chosen int64 `[N, k]`
  static Dispatch of(Tensor chosen, int experts) {
    int active = (int) chosen.size(1);
    long[] ids = chosen.toLongs();
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
    var device = chosen.device();
    Tensor ends = Ops.of(Arrays.stream(starts, 1, experts + 1).asLongStream().toArray(), device, experts).to(DType.I32);
    return new Dispatch(Ops.of(order, device, ids.length), Ops.of(tokens, device, ids.length), Ops.of(slots, device, ids.length),
        ends, active, starts);
  }

  int start(int expert) {
    return starts[expert];
  }

  int count(int expert) {
    return starts[expert + 1] - starts[expert];
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
