package org.jtorch.nn;

import org.jspecify.annotations.Nullable;
import org.jtorch.tensor.Tensor;

/// How the texts of a batch lie in its rows: what rotations and masks follow from. B rows, T tokens of this forward, S tokens
/// with those that a cache holds.
///
/// @param positions int64 `[B, T]`, or null for 0, 1, 2, ... after what the cache holds
/// @param segments int64 `[B, T]`: tokens see only their own segment, and a negative one is padding; null for one segment a row
/// @param keyMask bool `[B, S]`: false keys are invisible (padding); null if all are real
/// @param prefix int64 `[B]`: keys before this index are visible to every query of the row (prefix-causal); null for none
/// @param trunks int64 `[B, T]`: the segment that a token's segment goes on from, which it sees beside its own, any other number for none:
///     several answers after one prompt, `[prompt][answer][answer]`. Needs `segments` and `positions`; null if no segment goes on from another
public record Layout(@Nullable Tensor positions, @Nullable Tensor segments, @Nullable Tensor keyMask, @Nullable Tensor prefix,
    @Nullable Tensor trunks) {
  /// One text a row, all of its tokens real, numbered from 0.
  public static final Layout PLAIN = new Layout(null, null, null, null, null);

  /// Segments that do not go on from one another.
  public Layout(@Nullable Tensor positions, @Nullable Tensor segments, @Nullable Tensor keyMask, @Nullable Tensor prefix) {
    this(positions, segments, keyMask, prefix, null);
  }

  public Layout withPositions(@Nullable Tensor p) {
    return new Layout(p, segments, keyMask, prefix, trunks);
  }

  public Layout withSegments(@Nullable Tensor s) {
    return new Layout(positions, s, keyMask, prefix, trunks);
  }

  public Layout withKeyMask(@Nullable Tensor m) {
    return new Layout(positions, segments, m, prefix, trunks);
  }

  public Layout withPrefix(@Nullable Tensor p) {
    return new Layout(positions, segments, keyMask, p, trunks);
  }

  public Layout withTrunks(@Nullable Tensor t) {
    return new Layout(positions, segments, keyMask, prefix, t);
  }
}
