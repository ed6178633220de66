package org.jtorch.attention;

import org.jtorch.nn.Init;
import org.jtorch.nn.Layer;
import org.jtorch.tensor.DType;
import org.jtorch.tensor.Device;
import org.jtorch.tensor.TensorOwner;

/// What lets the tokens of a row see each other: attention, or a kind with a state of its own, such as a state-space model or a
/// linear recurrence. Everything else in a block treats each token alone.
public sealed interface MixerConfig permits AttentionConfig, MixerConfig.Other {
  /// How checkpoints call the layer, `self_attn` for example.
  String layerName();

  /// A kind that brings its own layer and its own state.
  non-sealed interface Other extends MixerConfig {
    /// The layer, from `[B, T, C]` to `[B, T, C]`. In a forward with a cache ([KvCache#of]) it goes on from its state there,
    /// [KvCache#state] with its index, and leaves the new one.
    Layer build(int dim, int layer, Init init);

    /// An empty state for `batch` rows, whose tensors `owner` owns; constant in size if the kind can, else for up to `capacity`
    /// tokens.
    LayerState state(TensorOwner owner, int batch, int capacity, DType dtype, Device device);
  }
}
