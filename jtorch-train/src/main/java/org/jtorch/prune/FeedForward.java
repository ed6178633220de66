package org.jtorch.prune;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.IntStream;
import org.jtorch.decoder.Decoder;
import org.jtorch.decoder.DecoderConfig;
import org.jtorch.ffn.FeedForwardConfig.Experts;
import org.jtorch.ffn.FeedForwardConfig.Gated;
import org.jtorch.nn.Linear;
import org.jtorch.nn.Projection;
import org.jtorch.nn.Weight;
import org.jtorch.tensor.Tensor;

/// The gated feed-forward part of one layer, `down(act(gate x) ⊙ up x)`: neuron j is row j of gate and up and column j of down.
///
/// @param down the product that reads the neurons
/// @param gate `[F, C]`
/// @param up `[F, C]`
record FeedForward(Projection down, Weight gate, Weight up) {
  /// Those of all layers, in order.
  ///
  /// @throws IllegalArgumentException if the model has others, see [#width]
  static List<FeedForward> of(Decoder model) {
    int _ = width(model.config());
    var downs = new LinkedHashMap<String, Projection>();
    model.forEachModule((path, module) -> {
      if (module instanceof Linear linear && path.endsWith(".down_proj")) {
        downs.put(path, linear);
      }
    });
    var weights = model.weights();
    return IntStream.range(0, model.config().layers()).mapToObj(i -> {
      String layer = prefix(i);
      return new FeedForward(get(downs, layer + "down_proj"), get(weights, layer + "gate_proj.weight"), get(weights, layer + "up_proj.weight"));
    }).toList();
  }

  /// What the names of a layer's feed-forward weights begin with.
  static String prefix(int layer) {
    return "model.layers." + layer + ".mlp.";
  }

  private static <V> V get(Map<String, V> map, String name) {
    return Objects.requireNonNull(map.get(name), name);
  }

  /// `[C, F]`
  Tensor downWeight() {
    return down.weight().tensor();
  }

  /// The width of the feed-forward layers, F.
  ///
  /// @throws IllegalArgumentException for experts, plain layers and layers of different widths
  static int width(DecoderConfig config) {
    int width = 0;
    for (int i = 0; i < config.layers(); i++) {
      int own = switch (config.blocks().get(i).feedForward()) {
        case Gated gated -> gated.hidden();
        case Experts _ -> throw refused(config, i, "is a mixture of experts, whose neurons lie in as many layers as there are experts");
        default -> throw refused(config, i, "has no gate");
      };
      if (i > 0 && own != width) {
        throw refused(config, i, "is " + own + " neurons wide and the first " + width + ", but all layers keep the same number");
      }
      width = own;
    }
    return width;
  }

  private static IllegalArgumentException refused(DecoderConfig config, int layer, String why) {
    return new IllegalArgumentException("a model of the family \"" + config.family() + "\" cannot be pruned: the feed-forward part of layer "
        + layer + " " + why + "; prune a dense model (Llama, Qwen 2, Gemma 2, AFM, Mistral)");
  }
}
