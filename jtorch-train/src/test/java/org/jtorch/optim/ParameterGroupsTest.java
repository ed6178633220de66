package org.jtorch.optim;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import org.jtorch.nn.Linear;
import org.jtorch.nn.Parameter;
import org.junit.jupiter.api.Test;

class ParameterGroupsTest {
  private final List<Parameter> parameters = new Linear(3, 2, true, 0.1).parameters();
  private final Parameter weight = parameters.getFirst();
  private final Parameter bias = parameters.getLast();

  @Test void vectorsDoNotDecay() {
    assertThat(ParameterGroups.byRank(parameters, 0.1)).containsExactly(
        new ParameterGroup(List.of(weight), 0.1), new ParameterGroup(List.of(bias), 0));
  }

  @Test void leavesOutEmptyGroups() {
    assertThat(ParameterGroups.byRank(List.of(weight), 0.1)).hasSize(1);
  }

  @Test void refusesRulesThatDoNotCover() {
    assertThatThrownBy(() -> ParameterGroups.split(parameters, new ParameterGroups.Rule(p -> p == weight, 0.1, 1)))
        .isInstanceOf(IllegalArgumentException.class).hasMessageContaining("parameter 1 of 2 [2]");
  }

  @Test void refusesRulesThatOverlap() {
    assertThatThrownBy(() -> ParameterGroups.split(parameters, new ParameterGroups.Rule(_ -> true, 0.1, 1),
        new ParameterGroups.Rule(p -> p == bias, 0, 1)))
        .isInstanceOf(IllegalArgumentException.class).hasMessageContaining("[2] that is in a group already");
  }

  @Test void refusesForeignParameters() {
    assertThatThrownBy(() -> ParameterGroups.covering(List.of(new ParameterGroup(parameters, 0)), List.of(bias)))
        .isInstanceOf(IllegalArgumentException.class).hasMessageContaining("[2, 3]");
  }

  @Test void refusesNegativeDecay() {
    assertThatThrownBy(() -> new ParameterGroup(parameters, -0.1)).isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("weightDecay is -0.1");
  }
}
