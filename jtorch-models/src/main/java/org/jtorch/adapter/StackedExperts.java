package org.jtorch.adapter;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.jtorch.family.Pretrained;
import org.jtorch.io.DataException;
import org.jtorch.io.JsonFile;
import org.jtorch.io.SafeTensors;
import org.jtorch.nn.Weight;
import org.jtorch.tensor.Grad;
import org.jtorch.tensor.Tensor;
import org.jtorch.tensor.TensorScope;

/// PEFT's adapters on the experts of transformers 5, which stacks those of a layer in two parameters and calls both kinds of layer
/// `mlp`. A of E experts is `[E r, in]`, expert after expert; column k E + e of B is column k of expert e's; gate and up share A and
/// are halves of B. Here each expert's gate, up and down have an A and a B of their own.
final class StackedExperts {
  private static final String GATE_UP = "gate_up_proj";
  private static final String DOWN = "down_proj";
  private static final Pattern EXPERT = Pattern.compile("(.*\\.experts)\\.(\\d+)\\.(\\w+)\\.lora_(A|B)\\.weight");
  private static final Map<String, String> PARAMETER = Map.of("gate_proj", GATE_UP, "up_proj", GATE_UP, "w1", GATE_UP, "w3", GATE_UP,
      DOWN, DOWN, "w2", DOWN);

  /// Where the tensors of one expert's weight lie: `lora_A` and `lora_B` of this module.
  private record Place(String module, int expert, boolean up, boolean first) {
    String name() {
      return module + (first ? ".lora_A.weight" : ".lora_B.weight");
    }
  }

  private final boolean both;
  private final SequencedMap<String, Weight> wanted;
  private final Map<String, Integer> experts = new LinkedHashMap<>();

  /// @param wanted the adapter's weights under the names that they have here
  StackedExperts(JsonFile config, SequencedMap<String, Weight> wanted) {
    var parameters = parameters(config);
    this.both = parameters.stream().anyMatch(p -> p.endsWith(GATE_UP)) && parameters.stream().anyMatch(p -> p.endsWith(DOWN));
    this.wanted = wanted;
    wanted.keySet().forEach(name -> {
      Matcher m = EXPERT.matcher(name);
      if (m.matches()) {
        experts.merge(m.group(1), Integer.parseInt(m.group(2)) + 1, Math::max);
      }
    });
  }

  /// Parameters that an `adapter_config.json` names in place of modules.
  static List<String> parameters(JsonFile config) {
    return config.has("target_parameters") ? config.requiredStrings("target_parameters") : List.of();
  }

  /// A regular expression for the modules here that such a parameter means.
  static String modules(JsonFile config, String parameter) {
    var parts = new ArrayList<>(List.of(parameter.split("\\.")));
    String last = parts.removeLast();
    String path = String.join(".", parts).replaceAll("(^|\\.)mlp(\\.|$)", "$1(mlp|block_sparse_moe)$2").replaceAll("\\.(?![*+])", "\\\\.");
    String before = "(.*\\.)?" + path;
    return switch (last) {
      case GATE_UP -> before + "\\.(\\d+\\.)?(gate_proj|up_proj|w1|w3)";
      case DOWN -> before + "\\.(\\d+\\.)?(down_proj|w2)";
      case "weight" -> before;
      default -> throw new DataException(config.path() + ": key 'target_parameters' holds \"" + parameter
          + "\"; supported are the experts' " + GATE_UP + " and " + DOWN + " and a router's weight, such as \"mlp.experts." + DOWN
          + "\" and \"mlp.gate.weight\"");
    };
  }

  /// The names of `rank_pattern` and `alpha_pattern`, of which the stacked parameter's means gate and up.
  static String pattern(String key) {
    return key.replace(GATE_UP, "(experts\\.\\d+\\.)?(gate_proj|up_proj|w1|w3)");
  }

  /// The shape of each tensor that the file must have.
  SequencedMap<String, long[]> shapes() {
    var shapes = new LinkedHashMap<String, long[]>();
    wanted.forEach((name, w) -> {
      Place place = place(name);
      if (place == null) {
        shapes.put(elsewhere(name), w.shape());
      } else {
        long e = count(name);
        long[] s = w.shape();
        boolean halves = !place.first() && isGateUp(name);
        shapes.put(place.name(), place.first() ? new long[] {e * s[0], s[1]} : new long[] {halves ? 2 * s[0] : s[0], e * s[1]});
      }
    });
    return shapes;
  }

  /// Copies the file's tensors into the weights.
  void copy(SafeTensors stored) {
    wanted.forEach((name, w) -> {
      Place place = place(name);
      if (place == null) {
        Pretrained.copy(stored.get(elsewhere(name)), w);
        return;
      }
      try (var _ = TensorScope.open(); var _ = Grad.off()) {
        Tensor all = Pretrained.stored(stored.get(place.name()));
        long e = count(name);
        Tensor mine = place.first() ? all.view(e, -1, all.size(1)).select(0, place.expert())
            : all.view(all.size(0), -1, e).select(2, place.expert());                       // [r, in], [out, r]
        long rows = w.shape()[0];
        w.view().copyInPlace(place.first() || !isGateUp(name) ? mine : mine.narrow(0, place.up() ? rows : 0, rows));
      }
    });
  }

  private long count(String name) {
    Matcher m = EXPERT.matcher(name);
    return m.matches() ? experts.getOrDefault(m.group(1), 0) : 0;
  }

  private static boolean isGateUp(String name) {
    Matcher m = EXPERT.matcher(name);
    return m.matches() && GATE_UP.equals(PARAMETER.get(m.group(3)));
  }

  /// Null for a weight that is none of an expert's.
  private @Nullable Place place(String name) {
    Matcher m = EXPERT.matcher(name);
    String parameter = m.matches() ? PARAMETER.get(m.group(3)) : null;
    if (parameter == null) {
      return null;
    }
    String module = elsewhere(m.group(1)) + (both && parameter.equals(GATE_UP) ? ".base_layer" : "");
    return new Place(module, Integer.parseInt(m.group(2)), m.group(3).equals("up_proj") || m.group(3).equals("w3"), m.group(4).equals("A"));
  }

  private static String elsewhere(String name) {
    return name.replace(".block_sparse_moe.", ".mlp.");
  }
}
