package org.jtorch.optim;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Set;
import java.util.function.Predicate;
import org.jtorch.nn.Parameter;

/// Ways to group parameters, each of which covers all of them exactly once.
public final class ParameterGroups {
  /// Parameters that `matches` accepts get this decay and this factor of the learning rate.
  public record Rule(Predicate<Parameter> matches, double weightDecay, double lrScale) {}

  private ParameterGroups() {}

  /// The usual grouping: matrices decay, vectors (norms and biases) do not.
  public static List<ParameterGroup> byRank(List<Parameter> parameters, double weightDecay) {
    return split(parameters, p -> p.shape().length > 1, weightDecay);
  }

  /// Parameters that `decays` accepts get the weight decay, the others none.
  public static List<ParameterGroup> split(List<Parameter> parameters, Predicate<Parameter> decays, double weightDecay) {
    return split(parameters, new Rule(decays, weightDecay, 1), new Rule(decays.negate(), 0, 1));
  }

  /// "muP simple" (arXiv:2309.14322; AFM has it): the updates of the layers' matrices are multiplied by
  /// `min(base / width, 1)`, so that a learning rate found at width `base` serves wider models too. All else is grouped as
  /// by rank. The decay stays what it is: the group's is divided by the factor that its learning rate carries. For
  /// optimizers whose step does not depend on the gradient's scale.
  ///
  /// @param matrices the layers' matrices, see [org.jtorch.decoder.Decoder#projections]
  public static List<ParameterGroup> muPSimple(List<Parameter> parameters, Collection<Parameter> matrices, int width, int base,
      double weightDecay) {
    if (base < 1 || width < 1) {
      throw new IllegalArgumentException("muP's base (" + base + ") and the width (" + width + ") must be >= 1; AXLearn's base is 768");
    }
    double factor = Math.min((double) base / width, 1);
    var scaled = Collections.<Parameter>newSetFromMap(new IdentityHashMap<>());
    scaled.addAll(matrices);
    Predicate<Parameter> matrix = p -> p.shape().length > 1;
    return split(parameters, new Rule(scaled::contains, weightDecay / factor, factor),
        new Rule(p -> !scaled.contains(p) && matrix.test(p), weightDecay, 1), new Rule(p -> !scaled.contains(p) && !matrix.test(p), 0, 1));
  }

  /// One group per rule that accepts any parameter.
  ///
  /// @throws IllegalArgumentException if a parameter matches no rule, or several
  public static List<ParameterGroup> split(List<Parameter> parameters, Rule... rules) {
    var groups = new ArrayList<ParameterGroup>();
    for (var rule : rules) {
      var members = parameters.stream().filter(rule.matches()).toList();
      if (!members.isEmpty()) {
        groups.add(new ParameterGroup(members, rule.weightDecay(), rule.lrScale()));
      }
    }
    return covering(groups, parameters);
  }

  /// `groups` themselves, if they hold each of `parameters` exactly once and nothing else.
  ///
  /// @throws IllegalArgumentException naming the first parameter that is missing, twice there, or foreign
  public static List<ParameterGroup> covering(List<ParameterGroup> groups, List<Parameter> parameters) {
    var grouped = distinct(groups);
    for (int i = 0; i < parameters.size(); i++) {
      if (!grouped.remove(parameters.get(i))) {
        throw new IllegalArgumentException("parameter " + i + " of " + parameters.size() + " " + describe(parameters.get(i))
            + " is in no group, or the model lists it twice; each parameter belongs to exactly one group,"
            + " so end the rules with one that accepts what the others do not");
      }
    }
    if (!grouped.isEmpty()) {
      throw new IllegalArgumentException("the groups hold " + grouped.size() + " parameters that the model does not have,"
          + " among them " + describe(grouped.iterator().next()) + "; build them from model.parameters()");
    }
    return List.copyOf(groups);
  }

  /// All parameters of the groups.
  ///
  /// @throws IllegalArgumentException if one is in two of them
  static Set<Parameter> distinct(List<ParameterGroup> groups) {
    var seen = Collections.<Parameter>newSetFromMap(new IdentityHashMap<>());
    for (int g = 0; g < groups.size(); g++) {
      for (var p : groups.get(g).parameters()) {
        if (!seen.add(p)) {
          throw new IllegalArgumentException("group " + g + " holds a parameter " + describe(p)
              + " that is in a group already; each parameter belongs to exactly one group");
        }
      }
    }
    return seen;
  }

  static String describe(Parameter p) {
    var names = p.parts().stream().map(Parameter.Part::name).filter(n -> !n.isEmpty()).toList();
    return Arrays.toString(p.shape()) + (names.isEmpty() ? "" : " of " + String.join(", ", names));
  }
}
