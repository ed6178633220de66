package org.jtorch.nn;

import org.jspecify.annotations.Nullable;
import org.jtorch.tensor.GradTape;
import org.jtorch.tensor.Tensor;

/// What travels down one forward beside the activations; modules hold no mode of their own.
///
/// @param tape records hand-written gradients while training; null otherwise
/// @param positions int64 `[B, T]`, or null for 0, 1, 2, ... after what the cache holds
/// @param segments int64 `[B, T]`: tokens see only their own segment; null for one segment a row
/// @param keyMask bool `[B, S]`: false keys are invisible (padding); null if all are real
/// @param shared what a model computes once for all its layers (rotary tables, masks, cache); null outside a model
/// @param checkpoint recompute each block during backward instead of keeping its activations
public record Pass(@Nullable GradTape tape, @Nullable Tensor positions, @Nullable Tensor segments, @Nullable Tensor keyMask,
    @Nullable Shared shared, boolean checkpoint) {
  /// Marks what a model shares with its layers.
  public interface Shared {}

  public static final Pass EMPTY = new Pass(null, null, null, null, null, false);

  public static Pass training(GradTape tape) {
    return new Pass(tape, null, null, null, null, false);
  }

  public Pass withTape(@Nullable GradTape t) {
    return new Pass(t, positions, segments, keyMask, shared, checkpoint);
  }

  public Pass withPositions(@Nullable Tensor p) {
    return new Pass(tape, p, segments, keyMask, shared, checkpoint);
  }

  public Pass withSegments(@Nullable Tensor s) {
    return new Pass(tape, positions, s, keyMask, shared, checkpoint);
  }

  public Pass withKeyMask(@Nullable Tensor m) {
    return new Pass(tape, positions, segments, m, shared, checkpoint);
  }

  public Pass withShared(@Nullable Shared s) {
    return new Pass(tape, positions, segments, keyMask, s, checkpoint);
  }

  public Pass withCheckpoint(boolean c) {
    return new Pass(tape, positions, segments, keyMask, shared, c);
  }

  /// Where the residual stream forks: on a tape both branches add to the gradient of one leaf.
  public Tensor fork(Tensor x) {
    return tape == null ? x : tape.cut(x);
  }
}
