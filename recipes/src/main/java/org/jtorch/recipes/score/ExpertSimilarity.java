package org.jtorch.recipes.score;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jtorch.decoder.Decoder;
import org.jtorch.ffn.FeedForwardConfig;
import org.jtorch.tensor.Grad;
import org.jtorch.tensor.Tensor;
import org.jtorch.tensor.TensorScope;

/// How alike the experts of a model are: for every neuron of an expert the largest cosine of its gate with that of a neuron of another
/// expert, in the mean over neurons, pairs of experts and layers. The order of an expert's neurons makes no difference to what it computes, and so
/// makes none here.
final class ExpertSimilarity {
  private static final String FIGURE = "expert_similarity";

  private ExpertSimilarity() {}

  /// One figure, or none for a model without experts.
  static Map<String, Double> of(Decoder model) {
    try (var _ = TensorScope.open(); var _ = Grad.off()) {
      var layers = new ArrayList<Double>();
      for (int layer = 0; layer < model.config().layers(); layer++) {
        if (model.config().blocks().get(layer).feedForward() instanceof FeedForwardConfig.Experts config) {
          layers.add(similarity(gates(model, layer, config.experts())));
        }
      }
      return layers.isEmpty() ? Map.of() : Map.of(FIGURE, layers.stream().mapToDouble(Double::doubleValue).average().orElseThrow());
    }
  }

  /// Rows of length 1. `[H, C]` an expert
  private static List<Tensor> gates(Decoder model, int layer, int experts) {
    var gates = new ArrayList<Tensor>();
    for (int e = 0; e < experts; e++) {
      Tensor gate = Objects.requireNonNull(model.weights().get("model.layers." + layer + ".mlp.experts." + e + ".gate_proj.weight")).view();
      gates.add(gate.div(gate.mul(gate).sum(1, true).sqrt()));
    }
    return gates;
  }

  private static double similarity(List<Tensor> gates) {
    double sum = 0;
    for (int a = 0; a < gates.size(); a++) {
      for (int b = 0; b < gates.size(); b++) {
        try (var _ = TensorScope.open()) {
          sum += a == b ? 0 : gates.get(a).matmul(gates.get(b).t()).amax(1, false).mean().item();           // [H, H] -> [H]
        }
      }
    }
    return sum / gates.size() / (gates.size() - 1);
  }
}
