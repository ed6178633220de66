package org.jtorch.prune;

import com.google.errorprone.annotations.MustBeClosed;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jtorch.decoder.Decoder;
import org.jtorch.nn.Linear;
import org.jtorch.nn.Pass;
import org.jtorch.nn.Projection;
import org.jtorch.tensor.DType;
import org.jtorch.tensor.Grad;
import org.jtorch.tensor.Ops;
import org.jtorch.tensor.Tensor;
import org.jtorch.tensor.TensorOwner;
import org.jtorch.tensor.TensorScope;

/// Masks on the neurons of a built model's feed-forward layers: `down(z ⊙ act(gate x) ⊙ up x)`, z float32 `[L, F]`.
///
/// ```java
/// try (var masks = NeuronMasks.on(model); var _ = TensorScope.open()) {
///   masks.set(KeptNeurons.top(NeuronScores.magnitude(model), 256).masks(model.device()));
///   ...                                                  // the model runs with 256 neurons a layer
/// }                                                      // and with all of them again
/// ```
///
/// A mask sits where codes of 4 bits would, in the place of down's weight ([Linear.Product]): `W (z ⊙ h) = (W diag z) h`, so the columns
/// of `[C, F]` are multiplied, not the activations of every token, and nothing more is kept for backward than the product of the two. The
/// layers know nothing of it, and a model without masks does what it did. Autograd finds the gradient, on a tape and without.
///
/// Each layer's z is a leaf: micro-batches add to its gradient, and what z is made of is walked back once a step ([#takeGradient]).
public final class NeuronMasks implements AutoCloseable {
  private final TensorOwner owner = new TensorOwner();
  private final List<Masked> layers = new ArrayList<>();
  private final int width;

  /// One layer's product with masked columns. z float32 `[F]`
  private record Masked(Projection down, Tensor z) implements Linear.Product {
    @Override public Tensor multiply(Tensor x, Pass pass) {                     // [..., F]
      Tensor w = down.weight().tensor();
      return Ops.linear(x, w.mul(z).to(w.dtype()), null);                       // [..., C]
    }

    @Override public Tensor weight() {
      return down.weight().tensor().to(DType.F32).mul(z);
    }
  }

  private NeuronMasks(Decoder model) {
    width = FeedForward.width(model.config());
    var parts = FeedForward.of(model);
    for (int i = 0; i < parts.size(); i++) {
      if (parts.get(i).down().product() != null) {
        throw new IllegalStateException("layer " + i + " has masks already, or its weights are quantized: close the masks first, or load "
            + "the model again");
      }
    }
    try (var _ = TensorScope.open(); var _ = Grad.off()) {
      for (var part : parts) {
        layers.add(new Masked(part.down(), owner.own(Ops.ones(DType.F32, model.device(), width))));
      }
    }
    layers.forEach(l -> l.down.product(l));
  }

  /// Puts masks of ones on a model: it computes what it did.
  ///
  /// @throws IllegalArgumentException for a model with experts, or layers of different widths
  @MustBeClosed
  public static NeuronMasks on(Decoder model) {
    return new NeuronMasks(model);
  }

  /// Layers, L.
  public int layers() {
    return layers.size();
  }

  /// Neurons of a layer, F.
  public int width() {
    return width;
  }

  /// Sets all masks. z `[L, F]`
  public void set(Tensor z) {
    if (!z.is(layers(), width)) {
      throw new IllegalArgumentException("the masks of this model are [" + layers() + ", " + width + "] but were "
          + Arrays.toString(z.shape()));
    }
    try (var _ = TensorScope.open(); var _ = Grad.off()) {
      for (int i = 0; i < layers.size(); i++) {
        layers.get(i).z.copyInPlace(z.detach().select(0, i));
      }
    }
  }

  /// A copy of all masks. float32 `[L, F]`
  public Tensor values() {
    return Ops.stack(0, layers.stream().map(l -> l.z.detach()).toList());
  }

  /// Whether backward passes collect gradients of the masks.
  public void requiresGrad(boolean wanted) {
    layers.forEach(l -> l.z.requiresGrad(wanted));
  }

  /// The gradients collected so far, which begin again from zero. float32 `[L, F]`
  public Tensor takeGradient() {
    var gradients = new ArrayList<Tensor>();
    for (var layer : layers) {
      Tensor g = layer.z.grad();
      gradients.add(g == null ? Ops.zerosLike(layer.z.detach()) : g);
      layer.z.setGrad(null);
    }
    return Ops.stack(0, gradients);
  }

  /// Takes the masks off.
  @Override public void close() {
    layers.forEach(l -> l.down.product(null));
    owner.close();
  }
}
