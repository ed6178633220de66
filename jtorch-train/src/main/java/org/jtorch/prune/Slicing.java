package org.jtorch.prune;

import com.google.errorprone.annotations.MustBeClosed;
import java.util.Objects;
import java.util.regex.Pattern;
import org.jtorch.decoder.BlockConfig;
import org.jtorch.decoder.Decoder;
import org.jtorch.decoder.DecoderConfig;
import org.jtorch.ffn.FeedForwardConfig.Gated;
import org.jtorch.tensor.Device;
import org.jtorch.tensor.Grad;
import org.jtorch.tensor.Ops;
import org.jtorch.tensor.Tensor;
import org.jtorch.tensor.TensorScope;

/// Makes the smaller model of the neurons that stay, as AFM's on-device model begins (arXiv:2407.21075, section 3.2): their rows of gate
/// and up, and their columns of down times their masks. All else is copied.
///
/// ```java
/// try (var model = Pretrained.load(folder, Device.CPU, null); var _ = TensorScope.open();
///      var small = Slicing.apply(model, KeptNeurons.top(NeuronScores.magnitude(model), 4_096))) {
///   Pretrained.save(small, target, small.dtype(), folder);          // an ordinary model with `intermediate_size` 4096
/// }
/// ```
public final class Slicing {
  private static final Pattern NEURONS =
      Pattern.compile("model\\.layers\\.(\\d+)\\.mlp\\.((?:gate_proj|up_proj)\\.(?:weight|bias)|down_proj\\.weight)");

  private Slicing() {}

  /// The shape of the result.
  ///
  /// @param hidden neurons of a layer that stay
  /// @throws IllegalArgumentException for experts, layers of different widths, and more neurons than there are
  public static DecoderConfig config(DecoderConfig dense, int hidden) {
    int width = width(dense);
    Require.that(hidden >= 1 && hidden <= width, "hidden", hidden, "from 1 to the width of the feed-forward layers (" + width + ")",
        Integer.toString(Math.max(1, width / 3)));
    return dense.withBlocks(dense.blocks().stream().map(b -> {
      var ffn = (Gated) b.feedForward();
      return new BlockConfig(b.mixer(), new Gated(hidden, ffn.activation(), ffn.bias()), b.residual());
    }).toList());
  }

  /// Neurons of each feed-forward layer.
  ///
  /// @throws IllegalArgumentException for experts, and layers of different widths
  public static int width(DecoderConfig dense) {
    return FeedForward.width(dense);
  }

  /// A new model on the device and in the type of `dense`, which stays as it is. Masks on `dense` count for nothing: those of `kept` do.
  @MustBeClosed
  @SuppressWarnings("MustBeClosedChecker")     // ownership passes to the caller
  public static Decoder apply(Decoder dense, KeptNeurons kept) {
    requireFits(dense.config(), kept);
    var small = new Decoder(config(dense.config(), kept.kept()));
    try (var _ = TensorScope.open(); var _ = Grad.off()) {
      small.allocate((p, shape) -> Ops.empty(p.typeIn(dense.dtype()), dense.device(), shape));
      var from = dense.weights();
      small.weights().forEach((name, w) -> {
        try (var _ = TensorScope.open()) {
          w.view().copyInPlace(slice(name, Objects.requireNonNull(from.get(name), name).view(), kept));
        }
      });
      return small;
    } catch (RuntimeException e) {
      small.close();
      throw e;
    }
  }

  private static void requireFits(DecoderConfig dense, KeptNeurons kept) {
    int width = width(dense);
    if (kept.layers() != dense.layers() || kept.width() != width) {
      throw new IllegalArgumentException("the neurons were chosen for " + kept.layers() + " layers of " + kept.width()
          + ", but this model has " + dense.layers() + " of " + width + "; score the neurons of this model");
    }
  }

  private static Tensor slice(String name, Tensor whole, KeptNeurons kept) {
    var matcher = NEURONS.matcher(name);
    if (!matcher.matches()) {
      return whole;
    }
    int layer = Integer.parseInt(matcher.group(1));
    Device device = whole.device();
    Tensor index = Ops.of(kept.neurons(layer), device, kept.kept());
    return name.endsWith("down_proj.weight") ? whole.indexSelect(1, index).mul(Ops.of(kept.factors(layer), device, kept.kept()))
        : whole.indexSelect(0, index);
  }
}
