package org.jtorch.optim;

import java.util.List;
import org.jtorch.nn.Parameter;

/// Parameters that share a weight decay and a factor of the learning rate.
public record ParameterGroup(List<Parameter> parameters, double weightDecay, double lrScale) {
  public ParameterGroup {
    parameters = List.copyOf(parameters);
    Require.atLeastZero("weightDecay", weightDecay, "0.1");
    Require.atLeastZero("lrScale", lrScale, "1");
  }

  public ParameterGroup(List<Parameter> parameters, double weightDecay) {
    this(parameters, weightDecay, 1);
  }
}
