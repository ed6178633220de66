package org.jtorch.parity;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;
import java.util.function.Predicate;
import org.jtorch.nn.Init;
import org.jtorch.nn.Module;
import org.jtorch.nn.Parameter;
import org.jtorch.tensor.Tensor;

/// Parameters without a computation, to run optimizers on stored gradients.
final class BareModel extends Module {
  private final SequencedMap<String, Parameter> named = new LinkedHashMap<>();

  /// A parameter for every tensor under `prefix` of the case, with that value.
  BareModel(CaseFolder folder, String prefix) {
    var values = folder.under(prefix).stream().map(n -> folder.tensor(prefix + n)).toList();
    for (int i = 0; i < values.size(); i++) {
      String name = folder.under(prefix).get(i);
      named.put(name, parameter(name, new Init.Constant(0), values.get(i).shape()));
    }
    var rest = values.iterator();
    var _ = allocate((_, _) -> rest.next().requiresGrad(true));
  }

  SequencedMap<String, Parameter> named() {
    return named;
  }

  /// The parameters called so.
  List<Parameter> pick(Predicate<String> wanted) {
    return named.entrySet().stream().filter(e -> wanted.test(e.getKey())).map(Map.Entry::getValue).toList();
  }

  /// Row `step` of every tensor under `prefix` becomes the gradient of the parameter called so.
  void gradients(CaseFolder folder, String prefix, int step) {
    named.forEach((name, p) -> p.tensor().setGrad(row(folder, prefix + name, step)));
  }

  static Tensor row(CaseFolder folder, String name, int step) {
    return folder.tensor(name).select(0, step).copy();
  }
}
