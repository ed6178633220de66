package org.jtorch.nn;

import java.util.function.BiFunction;
import org.jspecify.annotations.Nullable;
import org.jtorch.tensor.DType;
import org.jtorch.tensor.Grad;
import org.jtorch.tensor.GradTape;
import org.jtorch.tensor.Tensor;
import org.jtorch.tensor.TensorScope;
import org.jtorch.tensor.kernel.ResidualPass;

/// What travels down one forward beside the activations: how the batch lies in its rows, and how this forward runs. Modules hold
/// no mode of their own.
///
/// @param layout positions, segments, padding and prefix of the batch
/// @param tape records hand-written gradients while training; null otherwise
/// @param shared what a model computes once for all its layers (rotary tables, masks, cache); null outside a model
/// @param routing collects what the routers of expert layers chose; null if nobody asks
/// @param adapters false runs the model as it is without its adapters: the reference of a fine-tuned model, without a copy
/// @param checkpoint recompute each block during backward instead of keeping its activations
/// @param frozen what forwards share while no weight changes, as in a generation; null if each is on its own
public record Pass(Layout layout, @Nullable GradTape tape, @Nullable Shared shared, @Nullable Routing routing, boolean adapters,
    boolean checkpoint, @Nullable Frozen frozen) {
  /// What a model shares with its layers.
  public interface Shared {
    /// Tokens before this forward's, which a cache holds.
    long past();
  }

  /// Marks what collects the choices of routers; see the experts' layer.
  public interface Routing {}

  public static final Pass EMPTY = new Pass(Layout.PLAIN, null, null, null, true, false, null);

  public static Pass training(GradTape tape) {
    return EMPTY.withTape(tape);
  }

  public @Nullable Tensor positions() {
    return layout.positions();
  }

  public @Nullable Tensor segments() {
    return layout.segments();
  }

  public @Nullable Tensor keyMask() {
    return layout.keyMask();
  }

  public @Nullable Tensor prefix() {
    return layout.prefix();
  }

  public Pass withLayout(Layout l) {
    return new Pass(l, tape, shared, routing, adapters, checkpoint, frozen);
  }

  public Pass withPositions(@Nullable Tensor p) {
    return withLayout(layout.withPositions(p));
  }

  public Pass withSegments(@Nullable Tensor s) {
    return withLayout(layout.withSegments(s));
  }

  public Pass withKeyMask(@Nullable Tensor m) {
    return withLayout(layout.withKeyMask(m));
  }

  public Pass withPrefix(@Nullable Tensor p) {
    return withLayout(layout.withPrefix(p));
  }

  public Pass withTrunks(@Nullable Tensor t) {
    return withLayout(layout.withTrunks(t));
  }

  public Pass withTape(@Nullable GradTape t) {
    return new Pass(layout, t, shared, routing, adapters, checkpoint, frozen);
  }

  public Pass withShared(@Nullable Shared s) {
    return new Pass(layout, tape, s, routing, adapters, checkpoint, frozen);
  }

  public Pass withRouting(@Nullable Routing r) {
    return new Pass(layout, tape, shared, r, adapters, checkpoint, frozen);
  }

  public Pass withAdapters(boolean on) {
    return new Pass(layout, tape, shared, routing, on, checkpoint, frozen);
  }

  public Pass withCheckpoint(boolean c) {
    return new Pass(layout, tape, shared, routing, adapters, c, frozen);
  }

  public Pass withFrozen(@Nullable Frozen f) {
    return new Pass(layout, tape, shared, routing, adapters, checkpoint, f);
  }

  /// Runs a block of a model; under activation checkpointing it keeps nothing and runs again during backward. Without a tape
  /// `x` dies when the output is there, unless it lives in another scope than the innermost: who wants to keep it adopts it.
  public Tensor block(Tensor x, BiFunction<Tensor, Pass, Tensor> body) {
    if (tape != null && checkpoint) {
      return tape.checkpoint(x, (leaf, again) -> body.apply(leaf, withTape(again)));
    }
    Tensor y = body.apply(x, this);
    if (tape == null && y != x) {
      TensorScope.free(x);
    }
    return y;
  }

  /// The residual stream goes on: `x + f`, of x's type. On a tape the sum is a leaf, to whose gradient all that read it add.
  public Tensor add(Tensor x, Tensor f) {
    if (tape == null) {
      return Grad.isOn() ? x.add(f) : ResidualPass.add(x, f);
    }
    try (var _ = Grad.off()) {
      DType own = f.dtype();
      return tape.record(ResidualPass.add(x.detach(), f.detach()), new Tensor[] {x, f}, new Tensor[0], g -> new Tensor[] {g, g.to(own)});
    }
  }

  /// x as several readers see it: on a tape a leaf, to whose gradient each of them adds.
  public Tensor shared(Tensor x) {
    return tape == null ? x : tape.cut(x);
  }
}
