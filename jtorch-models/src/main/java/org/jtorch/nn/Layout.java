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
public record Layout(@Nullable Tensor positions, @Nullable Tensor segments, @Nullable Tensor keyMask, @Nullable Tensor prefix) {
  /// One text a row, all of its tokens real, numbered from 0.
  public static final Layout PLAIN = new Layout(null, null, null, null);

  public Layout withPositions(@Nullable Tensor p) {
    return new Layout(p, segments, keyMask, prefix);
  }

  public Layout withSegments(@Nullable Tensor s) {
    return new Layout(positions, s, keyMask, prefix);
  }

  public Layout withKeyMask(@Nullable Tensor m) {
    return new Layout(positions, segments, m, prefix);
  }

  public Layout withPrefix(@Nullable Tensor p) {
    return new Layout(positions, segments, keyMask, p);
  }
}
