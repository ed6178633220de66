package org.jtorch.head;

import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Set;
import org.jtorch.decoder.CausalLm;
import org.jtorch.nn.Parameter;

/// Which parameters are a model's head, for whoever treats it otherwise than the rest: adapters and quantizing.
public final class Heads {
  private Heads() {}

  /// A classifier's own layers, a language model's output matrix (which may be its embedding); none of a bare encoder.
  public static Set<Parameter> of(Object model) {
    Set<Parameter> head = Collections.newSetFromMap(new IdentityHashMap<>());
    head.addAll(switch (model) {
      case Classifier c -> c.headParameters();
      case CausalLm lm -> List.of(lm.head());
      default -> List.<Parameter>of();
    });
    return head;
  }
}
