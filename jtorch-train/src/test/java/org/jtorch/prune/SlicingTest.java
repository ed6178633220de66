package org.jtorch.prune;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.within;

import java.nio.file.Path;
import java.util.Collections;
import org.jtorch.decoder.BlockConfig;
import org.jtorch.decoder.Decoder;
import org.jtorch.family.Pretrained;
import org.jtorch.ffn.Activation;
import org.jtorch.ffn.FeedForwardConfig.Gated;
import org.jtorch.io.JsonFile;
import org.jtorch.prune.Small.Family;
import org.jtorch.tensor.DType;
import org.jtorch.tensor.Device;
import org.jtorch.tensor.Grad;
import org.jtorch.tensor.Rng;
import org.jtorch.tensor.Tensor;
import org.jtorch.tensor.TensorScope;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class SlicingTest {
  @AfterEach void nothingLives() {
    assertThat(TensorScope.stats().live()).isZero();
  }

  private static KeptNeurons kept(int k, boolean soft) {
    try (var _ = TensorScope.open()) {
      Tensor scores = Rng.of(6).normal(0, 1, DType.F32, Device.CPU, 2, Small.WIDTH);
      return soft ? KeptNeurons.top(scores, scores.sigmoid(), k) : KeptNeurons.top(scores, k);
    }
  }

  /// With hard masks, and with soft ones that are folded into down's columns.
  @ParameterizedTest @EnumSource void theMaskedModelEqualsTheSlicedOne(Family family) {
    for (boolean soft : new boolean[] {false, true}) {
      var kept = kept(20, soft);
      try (var model = family.model(DType.F32); var small = Slicing.apply(model, kept); var masks = NeuronMasks.on(model)) {
        try (var _ = TensorScope.open()) {
          masks.set(kept.masks(Device.CPU));
        }
        assertThat(Small.logits(small)).containsExactly(Small.logits(model), within(1e-5f));
        assertThat(model.parameterCount() - small.parameterCount()).isEqualTo(2L * 3 * 32 * (Small.WIDTH - 20));
      }
    }
  }

  @ParameterizedTest @EnumSource void allNeuronsLeaveTheModelAsItIs(Family family) {
    try (var model = family.model(DType.BF16); var same = Slicing.apply(model, kept(Small.WIDTH, false))) {
      assertThat(same.config()).isEqualTo(model.config());
      assertThat(Small.weights(same)).usingRecursiveComparison().isEqualTo(Small.weights(model));
      assertThat(Small.logits(same)).isEqualTo(Small.logits(model));
    }
  }

  @ParameterizedTest @EnumSource void theFolderIsAnOrdinaryModel(Family family, @TempDir Path folder) {
    try (var model = family.model(DType.F32); var small = Slicing.apply(model, kept(24, true))) {
      var before = Small.weights(model);
      Pretrained.save(small, folder, DType.F32, null);
      assertThat(JsonFile.open(folder.resolve("config.json")).requiredInt("intermediate_size")).isEqualTo(24);
      try (var loaded = Pretrained.load(folder, Device.CPU, null)) {
        assertThat(Small.logits(loaded)).isEqualTo(Small.logits(small));
      }
      assertThat(Small.weights(model)).usingRecursiveComparison().isEqualTo(before);
    }
  }

  @Test void theBestOfEachLayerStayInOrder() {
    try (var _ = TensorScope.open()) {
      Tensor scores = Tensor.of(0.1f, 5, -2, 5, 3, 1, 1, 1, 1, 0).view(2, 5);
      Tensor z = Tensor.of(0.1f, 0.2f, 0.3f, 0.4f, 0.5f, 0.6f, 0.7f, 0.8f, 0.9f, 1).view(2, 5);
      var kept = KeptNeurons.top(scores, z, 3);
      assertThat(kept.neurons(0)).containsExactly(1, 3, 4);
      assertThat(kept.factors(0)).containsExactly(0.2f, 0.4f, 0.5f);
      assertThat(kept.neurons(1)).containsExactly(0, 1, 2);                                 // of equal ones the first
      assertThat(kept.masks(Device.CPU).toFloats()).containsExactly(0, 0.2f, 0, 0.4f, 0.5f, 0.6f, 0.7f, 0.8f, 0, 0);
      assertThatIllegalArgumentException().isThrownBy(() -> KeptNeurons.top(scores, 6)).withMessageContaining("`hidden` must be from 1 to");
      assertThatIllegalArgumentException().isThrownBy(() -> KeptNeurons.top(Tensor.of(Float.NaN, 1).view(1, 2), 1))
          .withMessageContaining("a score of layer 0 is not a number");
    }
  }

  /// A factor that moves from down to up changes nothing; three times a row of gate is three times the score.
  @Test void magnitudeIsTheProductOfTheNorms() {
    try (var model = Family.LLAMA.model(DType.F32); var _ = TensorScope.open()) {
      Tensor before = NeuronScores.magnitude(model);
      assertThat(before.shape()).containsExactly(2, Small.WIDTH);
      try (var _ = Grad.off()) {
        var part = FeedForward.of(model).get(1);
        part.up().view().mulInPlace(4.0);
        part.downWeight().mulInPlace(0.25);
        part.gate().view().select(0, 7).mulInPlace(3.0);
      }
      float[] expected = before.toFloats();
      expected[Small.WIDTH + 7] *= 3;
      assertThat(NeuronScores.magnitude(model).toFloats()).containsExactly(expected, within(1e-4f));
    }
  }

  @Test void neuronsOfAnotherModelAreRefused() {
    try (var model = Decoder.create(Family.LLAMA.shape.withLayers(3), Device.CPU, DType.F32, Rng.of(1))) {
      assertThatIllegalArgumentException().isThrownBy(() -> Slicing.apply(model, kept(8, false)).close())
          .withMessage("the neurons were chosen for 2 layers of 64, but this model has 3 of 64; score the neurons of this model");
    }
  }

  @Test void biasesOfTheNeuronsGoWithThem() {
    var dense = Family.LLAMA.shape;
    var shape = dense.withBlocks(Collections.nCopies(2, new BlockConfig(dense.attention(), new Gated(Small.WIDTH, Activation.SILU, true))));
    var kept = kept(20, true);
    try (var model = Decoder.create(shape, Device.CPU, DType.F32, Rng.of(1)); var _ = TensorScope.open(); var _ = Grad.off()) {
      model.weights().values().stream().filter(w -> w.name().endsWith("bias"))
          .forEach(w -> w.view().copyInPlace(Rng.of(w.name().hashCode()).normal(0, 1, DType.F32, Device.CPU, w.shape())));
      try (var small = Slicing.apply(model, kept); var masks = NeuronMasks.on(model)) {
        masks.set(kept.masks(Device.CPU));
        assertThat(Small.logits(small)).containsExactly(Small.logits(model), within(1e-5f));
      }
    }
  }
}
