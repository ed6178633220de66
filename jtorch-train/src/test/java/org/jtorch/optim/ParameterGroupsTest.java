package org.jtorch.optim;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Objects;
import org.jtorch.decoder.Decoder;
import org.jtorch.family.Afm;
import org.jtorch.family.Families;
import org.jtorch.nn.Linear;
import org.jtorch.nn.Parameter;
import org.jtorch.nn.Pass;
import org.jtorch.tensor.DType;
import org.jtorch.tensor.Device;
import org.jtorch.tensor.Grad;
import org.jtorch.tensor.Ops;
import org.jtorch.tensor.Rng;
import org.jtorch.tensor.Tensor;
import org.jtorch.tensor.TensorScope;
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

  @Test void muPScalesTheMatricesOfTheLayersOnly() {
    try (var model = new Decoder(Objects.requireNonNull(Families.presets().get("afm-tiny")))) {
      var groups = ParameterGroups.muPSimple(model.parameters(), model.projections(), 192, 64, 0.1);
      assertThat(groups).extracting(ParameterGroup::lrScale).containsExactly(1 / 3.0, 1.0, 1.0);
      assertThat(groups).extracting(g -> g.lrScale() * g.weightDecay()).usingElementComparator(near()).containsExactly(0.1, 0.1, 0.0);
      assertThat(groups.getFirst().parameters()).hasSize(4 * model.config().layers());     // qkv, out, gate-up, down
      assertThat(groups.get(1).parameters()).containsExactly(model.head());
    }
    try (var narrow = new Decoder(Objects.requireNonNull(Families.presets().get("afm-tiny")))) {
      assertThat(ParameterGroups.muPSimple(narrow.parameters(), narrow.projections(), 192, 768, 0.1).getFirst().lrScale()).isEqualTo(1);
    }
  }

  /// The coordinate check of arXiv:2203.03466: after a few Adam steps what the layers write changes about as much at every
  /// width under muP, and much more in wide models without.
  @Test void muPKeepsTheChangeOfActivationsAcrossWidths() {
    double narrow = change(64, true);
    double wide = change(256, true);
    double plain = change(256, false);
    assertThat(wide / narrow).isBetween(0.5, 1.6);
    assertThat(plain / wide).isGreaterThan(1.6);
  }

  /// Root mean square change of the first block's output, without the residual stream, after three steps.
  private static double change(int width, boolean muP) {
    var config = Afm.shape(64, width, 2 * width, 2, width / 16, width / 16, 16, 64);
    try (var model = Decoder.create(config, Device.CPU, DType.F32, Rng.of(3))) {
      model.requiresGrad(true);
      var groups = muP ? ParameterGroups.muPSimple(model.parameters(), model.projections(), width, 64, 0)
          : ParameterGroups.byRank(model.parameters(), 0);
      try (var optimizer = AdamW.over(groups, AdamW.Options.DEFAULT); var _ = TensorScope.open()) {
        Tensor ids = Ops.arange(0, 32, Device.CPU).view(1, 32);
        float[] before = written(model, ids);
        for (int step = 0; step < 3; step++) {
          try (var _ = TensorScope.open()) {
            Ops.crossEntropy(model.apply(ids, Pass.EMPTY).view(32, 64), Ops.arange(7, 39, Device.CPU)).backward();
            optimizer.step(5e-4, 1);
          }
        }
        float[] after = written(model, ids);
        double sum = 0;
        for (int i = 0; i < before.length; i++) {
          sum += Math.pow(after[i] - before[i], 2);
        }
        return Math.sqrt(sum / before.length);
      }
    }
  }

  /// What the first block adds to the residual stream.
  private static float[] written(Decoder model, Tensor ids) {
    var seen = new ArrayList<float[]>();
    try (var _ = TensorScope.open(); var _ = Grad.off()) {
      var _ = model.hidden(ids, Pass.EMPTY, null, (_, h) -> seen.add(h.toFloats()));
    }
    float[] written = seen.get(1).clone();
    for (int i = 0; i < written.length; i++) {
      written[i] -= seen.get(0)[i];
    }
    return written;
  }

  private static Comparator<Double> near() {
    return (a, b) -> Math.abs(a - b) < 1e-12 ? 0 : Double.compare(a, b);
  }
}
