package org.jtorch.prune;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.assertj.core.api.Assertions.within;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Objects;
import java.util.SequencedMap;
import org.jtorch.adapter.Lora;
import org.jtorch.adapter.LoraConfig;
import org.jtorch.adapter.Targets;
import org.jtorch.decoder.BlockConfig;
import org.jtorch.decoder.Decoder;
import org.jtorch.ffn.Activation;
import org.jtorch.ffn.FeedForwardConfig.Experts;
import org.jtorch.ffn.FeedForwardConfig.Gated;
import org.jtorch.ffn.FeedForwardConfig.Names;
import org.jtorch.nn.Linear;
import org.jtorch.nn.Pass;
import org.jtorch.nn.Projection;
import org.jtorch.prune.Small.Family;
import org.jtorch.quant.QuantConfig;
import org.jtorch.quant.Quantizer;
import org.jtorch.tensor.DType;
import org.jtorch.tensor.Device;
import org.jtorch.tensor.Grad;
import org.jtorch.tensor.GradTape;
import org.jtorch.tensor.Ops;
import org.jtorch.tensor.Rng;
import org.jtorch.tensor.Tensor;
import org.jtorch.tensor.TensorScope;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class NeuronMasksTest {
  @AfterEach void nothingLives() {
    assertThat(TensorScope.stats().live()).isZero();
  }

  @ParameterizedTest @EnumSource void onesChangeNothingAndClosingTakesMasksOff(Family family) {
    try (var model = family.model(DType.F32)) {
      float[] before = Small.logits(model);
      try (var masks = NeuronMasks.on(model)) {
        assertThat(Small.logits(model)).isEqualTo(before);
        try (var _ = TensorScope.open()) {
          masks.set(Small.masks(1));
        }
        assertThat(Small.logits(model)).isNotEqualTo(before);
      }
      assertThat(Small.logits(model)).isEqualTo(before);
    }
  }

  /// The plain twin: masks multiply the activations, as the formula says, and not the weight.
  private record Activations(Projection down, Tensor z) implements Linear.Product {
    @Override public Tensor multiply(Tensor x, Pass pass) {
      return Ops.linear(x.mul(z).to(x.dtype()), down.weight().tensor(), null);
    }

    @Override public Tensor weight() {
      throw new IllegalStateException("nobody asks");
    }
  }

  /// Everything that has a gradient, and the loss.
  private static SequencedMap<String, float[]> run(Decoder model, List<Tensor> leaves, Pass pass) {
    var found = new LinkedHashMap<String, float[]>();
    try (var _ = TensorScope.open()) {
      Tensor target = Rng.of(9).normal(0, 1, DType.F32, Device.CPU, 2, 10, Small.VOCAB);
      Tensor loss;
      if (pass.tape() == null) {
        loss = model.apply(Small.ids(), pass).to(DType.F32).mul(target).sum();
        loss.backward();
      } else {
        loss = model.apply(Small.ids(), pass).to(DType.F32).mul(target).sum();
        pass.tape().backward(loss);
      }
      found.put("loss", loss.detach().toFloats());
      model.weights().forEach((name, w) -> found.put(name, Objects.requireNonNull(w.grad(), name).to(DType.F32).contiguous().toFloats()));
      for (int i = 0; i < leaves.size(); i++) {
        found.put("mask " + i, Objects.requireNonNull(leaves.get(i).grad()).toFloats());
        leaves.get(i).setGrad(null);
      }
      model.zeroGrad();
    }
    return found;
  }

  private static void assertAlike(SequencedMap<String, float[]> a, SequencedMap<String, float[]> b, double tolerance) {
    assertThat(a.keySet()).isEqualTo(b.keySet());
    a.forEach((name, values) -> {
      float[] others = Objects.requireNonNull(b.get(name));
      double size = 0;
      double distance = 0;
      for (int i = 0; i < values.length; i++) {
        size = Math.max(size, Math.abs(others[i]));
        distance = Math.max(distance, Math.abs(values[i] - others[i]));
      }
      assertThat(distance).as(name).isLessThanOrEqualTo(tolerance * size);
    });
  }

  /// The gradients of the plain twin by autograd.
  private static SequencedMap<String, float[]> twin(Decoder model, long seed) {
    try (var _ = TensorScope.open()) {
      var leaves = new ArrayList<Tensor>();
      var parts = FeedForward.of(model);
      for (int i = 0; i < parts.size(); i++) {
        leaves.add(Small.masks(seed).select(0, i).copy().requiresGrad(true));
        parts.get(i).down().product(new Activations(parts.get(i).down(), leaves.get(i)));
      }
      var found = run(model, leaves, Pass.EMPTY);
      parts.forEach(p -> p.down().product(null));
      return found;
    }
  }

  /// The masks' way: by autograd, on a tape, or recomputed on a tape.
  private static SequencedMap<String, float[]> masked(Decoder model, long seed, String way) {
    try (var masks = NeuronMasks.on(model); var _ = TensorScope.open()) {
      masks.set(Small.masks(seed));
      masks.requiresGrad(true);
      var found = new LinkedHashMap<String, float[]>();
      if (way.equals("autograd")) {
        found.putAll(run(model, List.of(), Pass.EMPTY));
      } else {
        try (var tape = GradTape.open()) {
          found.putAll(run(model, List.of(), Pass.training(tape).withCheckpoint(way.equals("recomputed"))));
        }
      }
      Tensor gradient = masks.takeGradient();
      for (int i = 0; i < masks.layers(); i++) {
        found.put("mask " + i, gradient.select(0, i).contiguous().toFloats());
      }
      assertThat(masks.takeGradient().abs().max().item()).isZero();
      return found;
    }
  }

  @ParameterizedTest @EnumSource void maskedWeightsEqualMaskedActivations(Family family) {
    try (var model = family.model(DType.F64)) {
      var plain = twin(model, 1);
      assertAlike(masked(model, 1, "autograd"), plain, 1e-6);
      var taped = masked(model, 1, "tape");
      assertAlike(taped, plain, 1e-6);
      assertAlike(masked(model, 1, "recomputed"), taped, 0);
    }
  }

  @Test void masksStayFloatInAModelOfHalfPrecision() {
    try (var model = Family.LLAMA.model(DType.BF16); var masks = NeuronMasks.on(model); var _ = TensorScope.open()) {
      masks.set(Ops.full(0.999, DType.F32, Device.CPU, 2, Small.WIDTH));                 // bf16 has 0.996 and 1
      assertThat(masks.values().toFloats()).containsOnly(0.999f);
      masks.requiresGrad(true);
      try (var tape = GradTape.open()) {
        tape.backward(model.apply(Small.ids(), Pass.training(tape)).to(DType.F32).square().sum());
      }
      assertThat(masks.takeGradient().dtype()).isEqualTo(DType.F32);
      model.zeroGrad();
    }
  }

  @Test void gradientsOfMicroBatchesAddUp() {
    try (var model = Family.LLAMA.model(DType.F32); var masks = NeuronMasks.on(model); var _ = TensorScope.open()) {
      masks.requiresGrad(true);
      backward(model, Small.ids().narrow(0, 0, 1));
      backward(model, Small.ids().narrow(0, 1, 1));
      Tensor parts = masks.takeGradient();
      backward(model, Small.ids());
      assertThat(masks.takeGradient().toFloats()).containsExactly(parts.toFloats(), within(2e-2f));
      model.zeroGrad();
    }
  }

  private static void backward(Decoder model, Tensor ids) {
    try (var tape = GradTape.open()) {
      tape.backward(model.apply(ids, Pass.training(tape)).square().sum());
    }
  }

  @Test void anAdapterOnTheMaskedProductTrains() {
    try (var model = Family.LLAMA.model(DType.F32); var masks = NeuronMasks.on(model);
        var lora = Lora.apply(model, LoraConfig.of(4, 8, new Targets.AllLinear()), Rng.of(1)); var _ = TensorScope.open()) {
      masks.requiresGrad(true);
      backward(model, Small.ids());
      assertThat(lora.parameters()).allMatch(p -> p.grad() != null);
      assertThat(masks.takeGradient().abs().max().item()).isPositive();
      lora.zeroGrad();
    }
  }

  @SuppressWarnings("MustBeClosedChecker")     // closed at once
  private static void onAndOff(Decoder model) {
    NeuronMasks.on(model).close();
  }

  @Test void expertsAreRefused() {
    var dense = Family.LLAMA.shape;
    var experts = new Experts(4, 2, 12, Activation.SILU, false, 8, 0, Names.QWEN);
    var shape = dense.withFamily("qwen2_moe").withBlocks(List.of(dense.blocks().getFirst(),
        new BlockConfig(dense.attention(), experts)));
    try (var model = Decoder.create(shape, Device.CPU, DType.F32, Rng.of(1))) {
      assertThatIllegalArgumentException().isThrownBy(() -> onAndOff(model)).withMessage(
          "a model of the family \"qwen2_moe\" cannot be pruned: the feed-forward part of layer 1 is a mixture of experts, whose neurons lie "
              + "in as many layers as there are experts; prune a dense model (Llama, Qwen 2, Gemma 2, AFM, Mistral)");
      assertThatIllegalArgumentException().isThrownBy(() -> Slicing.config(shape, 4)).withMessageContaining("is a mixture of experts");
    }
  }

  @Test void layersOfDifferentWidthsAreRefused() {
    var dense = Family.LLAMA.shape;
    var shape = dense.withBlocks(List.of(dense.blocks().getFirst(), new BlockConfig(dense.attention(), new Gated(12, Activation.SILU, false))));
    assertThatIllegalArgumentException().isThrownBy(() -> Slicing.config(shape, 4))
        .withMessageContaining("layer 1 is 12 neurons wide and the first 64");
  }

  @Test void masksDoNotGoOnMasksNorOnCodes() {
    try (var model = Family.LLAMA.model(DType.F32)) {
      try (var _ = NeuronMasks.on(model)) {
        assertThatIllegalStateException().isThrownBy(() -> onAndOff(model)).withMessageContaining("layer 0 has masks already");
      }
      var _ = Quantizer.apply(model, QuantConfig.NF4);
      assertThatIllegalStateException().isThrownBy(() -> onAndOff(model)).withMessageContaining("quantized");
    }
  }

  @Test void masksOfAnotherShapeAreRefused() {
    try (var model = Family.LLAMA.model(DType.F32); var masks = NeuronMasks.on(model); var _ = TensorScope.open(); var _ = Grad.off()) {
      assertThatIllegalArgumentException().isThrownBy(() -> masks.set(Tensor.of(1f))).withMessage("the masks of this model are [2, 64] but were [1]");
    }
  }
}
