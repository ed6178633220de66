package org.jtorch.nn;

import java.util.function.BiFunction;
import org.jspecify.annotations.Nullable;
import org.jtorch.tensor.GradTape;
import org.jtorch.tensor.Tensor;

/// What travels down one forward beside the activations; modules hold no mode of their own.
///
/// @param tape records hand-written gradients while training; null otherwise
/// @param positions int64 `[B, T]`, or null for 0, 1, 2, ... after what the cache holds
/// @param segments int64 `[B, T]`: tokens see only their own segment; null for one segment a row
/// @param keyMask bool `[B, S]`: false keys are invisible (padding); null if all are real
/// @param prefix int64 `[B]`: keys before this index are visible to every query of the row (prefix-causal); null for none
/// @param shared what a model computes once for all its layers (rotary tables, masks, cache); null outside a model
/// @param routing collects what the routers of expert layers chose; null if nobody asks
/// @param adapters false runs the model as it is without its adapters: the reference of a fine-tuned model, without a copy
/// @param checkpoint recompute each block during backward instead of keeping its activations
/// @param frozen what forwards share while no weight changes, as in a generation; null if each is on its own
public record Pass(@Nullable GradTape tape, @Nullable Tensor positions, @Nullable Tensor segments, @Nullable Tensor keyMask,
    @Nullable Tensor prefix, @Nullable Shared shared, @Nullable Routing routing, boolean adapters, boolean checkpoint,
    @Nullable Frozen frozen) {
  /// Marks what a model shares with its layers.
  public interface Shared {}

  /// Marks what collects the choices of routers; see the experts' layer.
  public interface Routing {}

  public static final Pass EMPTY = new Pass(null, null, null, null, null, null, null, true, false, null);

  public static Pass training(GradTape tape) {
    return EMPTY.withTape(tape);
  }

  public Pass withTape(@Nullable GradTape t) {
    return new Pass(t, positions, segments, keyMask, prefix, shared, routing, adapters, checkpoint, frozen);
  }

  public Pass withPositions(@Nullable Tensor p) {
    return new Pass(tape, p, segments, keyMask, prefix, shared, routing, adapters, checkpoint, frozen);
  }

  public Pass withSegments(@Nullable Tensor s) {
    return new Pass(tape, positions, s, keyMask, prefix, shared, routing, adapters, checkpoint, frozen);
  }

  public Pass withKeyMask(@Nullable Tensor m) {
    return new Pass(tape, positions, segments, m, prefix, shared, routing, adapters, checkpoint, frozen);
  }

  public Pass withPrefix(@Nullable Tensor p) {
    return new Pass(tape, positions, segments, keyMask, p, shared, routing, adapters, checkpoint, frozen);
  }

  public Pass withShared(@Nullable Shared s) {
    return new Pass(tape, positions, segments, keyMask, prefix, s, routing, adapters, checkpoint, frozen);
  }

  public Pass withRouting(@Nullable Routing r) {
    return new Pass(tape, positions, segments, keyMask, prefix, shared, r, adapters, checkpoint, frozen);
  }

  public Pass withAdapters(boolean on) {
    return new Pass(tape, positions, segments, keyMask, prefix, shared, routing, on, checkpoint, frozen);
  }

  public Pass withCheckpoint(boolean c) {
    return new Pass(tape, positions, segments, keyMask, prefix, shared, routing, adapters, c, frozen);
  }

  public Pass withFrozen(@Nullable Frozen f) {
    return new Pass(tape, positions, segments, keyMask, prefix, shared, routing, adapters, checkpoint, f);
  }

  /// Runs a block of a model; under activation checkpointing it keeps nothing and runs again during backward.
  public Tensor block(Tensor x, BiFunction<Tensor, Pass, Tensor> body) {
    return tape != null && checkpoint ? tape.checkpoint(x, (leaf, again) -> body.apply(leaf, withTape(again))) : body.apply(x, this);
  }

  /// Where the residual stream forks: on a tape both branches add to the gradient of one leaf.
  public Tensor fork(Tensor x) {
    return tape == null ? x : tape.cut(x);
  }
}
