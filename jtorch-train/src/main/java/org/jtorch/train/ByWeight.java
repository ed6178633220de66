package org.jtorch.train;

import java.util.Arrays;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;
import org.jtorch.nn.Parameter;
import org.jtorch.nn.Weight;
import org.jtorch.tensor.Tensor;

/// What belongs to parameters, under the names of the weights that they hold.
final class ByWeight {
  private ByWeight() {}

  /// `<weight>.<name>` for every state of every parameter: the weight's rows of what has rows as the parameter, and all of
  /// what has not (a step count), under each weight.
  ///
  /// @param states in the order of `parameters`
  /// @throws IllegalArgumentException for a parameter that has no name among `weights`
  static SequencedMap<String, Tensor> of(List<Parameter> parameters, List<SequencedMap<String, Tensor>> states,
      SequencedMap<String, Weight> weights) {
    Map<Parameter, SequencedMap<String, Tensor>> nameless = new IdentityHashMap<>();
    for (int i = 0; i < parameters.size(); i++) {
      nameless.put(parameters.get(i), states.get(i));
    }
    var owned = new IdentityHashMap<>(nameless);
    var all = new LinkedHashMap<String, Tensor>();
    weights.forEach((name, weight) -> {
      nameless.remove(weight.parameter());
      owned.getOrDefault(weight.parameter(), Collections.emptyNavigableMap())
          .forEach((key, t) -> all.put(name + "." + key, rows(t, weight)));
    });
    if (!nameless.isEmpty()) {
      throw new IllegalArgumentException(nameless.size() + " of " + parameters.size() + " parameters have no name, among them"
          + " one of shape " + Arrays.toString(nameless.keySet().iterator().next().shape())
          + "; give the weights of everything that is trained: the model's, the adapter's, the head's");
    }
    return all;
  }

  private static Tensor rows(Tensor t, Weight weight) {
    long rows = weight.parameter().shape()[0];
    boolean stacked = weight.part().rows() != rows && t.dim() > 0 && t.size(0) == rows;
    return stacked ? t.narrow(0, weight.part().start(), weight.part().rows()) : t;
  }
}
