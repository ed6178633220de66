package org.jtorch.adapter;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Objects;
import org.jtorch.adapter.Small.Way;
import org.jtorch.decoder.Decoder;
import org.jtorch.family.Pretrained;
import org.jtorch.ffn.Routing;
import org.jtorch.io.DataException;
import org.jtorch.io.JsonFile;
import org.jtorch.io.SafeTensors;
import org.jtorch.nn.Pass;
import org.jtorch.quant.QuantConfig;
import org.jtorch.quant.Quantizer;
import org.jtorch.tensor.DType;
import org.jtorch.tensor.Device;
import org.jtorch.tensor.Grad;
import org.jtorch.tensor.GradTape;
import org.jtorch.tensor.Rng;
import org.jtorch.tensor.Tensor;
import org.jtorch.tensor.TensorScope;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/// Adapters and codes on the experts and the router of a mixture.
class ExpertAdapterTest {
  private static final Path PEFT = Path.of("src/test/resources/peft");
  private static final LoraConfig ALL = LoraConfig.of(2, 4, new Targets.AllLinear()).withStart(LoraConfig.Start.RANDOM);

  @TempDir private Path temp;

  @AfterEach void nothingLives() {
    assertThat(TensorScope.stats().live()).isZero();
  }

  @Test void expertsAndRouterHaveTheNamesOfPeft() {
    try (var model = Small.experts(DType.F32);
         var lora = Lora.apply(model, LoraConfig.of(2, 4, "gate", "down_proj"), Rng.of(2))) {
      assertThat(lora.weights().keySet()).hasSize(2 * 2 * (1 + 4 + 1)).contains(
          "base_model.model.model.layers.0.mlp.gate.lora_A.weight",
          "base_model.model.model.layers.1.mlp.experts.3.down_proj.lora_B.weight",
          "base_model.model.model.layers.1.mlp.shared_expert.down_proj.lora_B.weight");
      assertThat(Objects.requireNonNull(lora.weights().get("base_model.model.model.layers.0.mlp.experts.0.down_proj.lora_A.weight")).shape())
          .containsExactly(2, 8);
      assertThat(Small.distance(Small.logits(model, true), Small.logits(model, false))).isZero();       // B begins at zero
    }
    try (var model = Small.experts(DType.F32)) {
      assertThatIllegalArgumentException().isThrownBy(() -> Lora.apply(model, LoraConfig.of(2, 4, "gate", "w1"), Rng.of(2)).close())
          .withMessageContaining("[w1] matches no product").withMessageContaining("gate");
    }
  }

  /// `W x + s B A x` is `(W + s B A) x`: the adapter beside the weights and in them.
  @ParameterizedTest @ValueSource(booleans = {false, true})
  void mergedIsTheSameModel(boolean dora) {
    var config = dora ? ALL.withDora() : ALL.withRsLora();
    try (var model = Small.experts(DType.F64); var lora = Lora.apply(model, config, Rng.of(2)); var _ = TensorScope.open()) {
      var before = Small.values(model);
      double[] with = Small.logits(model, true);
      double[] without = Small.logits(model, false);
      assertThat(Small.distance(with, without)).isGreaterThan(1e-2);
      var report = lora.merge(model, Small.ids());
      assertThat(report.weights()).hasSize(2 * (4 + 1 + 3 * 4 + 3 + 1));
      assertThat(Small.distance(Small.logits(model, true), with)).isLessThan(1e-11);
      lora.unmerge();
      assertThat(Small.values(model)).usingRecursiveComparison().isEqualTo(before);
    }
  }

  @ParameterizedTest @CsvSource({"false, 0, false", "true, 0.3, false", "false, 0.3, true", "true, 0, true"})
  void everyWayHasTheSameGradients(boolean dora, double dropout, boolean quantized) {
    var config = (dora ? ALL.withDora() : ALL).withDropout(dropout);
    var expected = new LinkedHashMap<String, double[]>();
    for (var way : Way.values()) {
      try (var model = Small.experts(DType.F64)) {
        if (quantized) {
          Quantizer.apply(model, QuantConfig.NF4);
        }
        try (var lora = Lora.apply(model, config, Rng.of(2))) {
          var gradients = Small.gradients(model, lora, way);
          expected.putAll(expected.isEmpty() ? gradients : new LinkedHashMap<>());
          assertThat(Small.distance(expected, gradients)).as("%s", way).isLessThan(1e-9);
        }
      }
    }
    assertThat(expected).containsKey("base_model.model.model.layers.0.mlp.gate.lora_A.weight");
    assertThat(expected.keySet().stream().filter(n -> n.contains(".experts."))).hasSizeGreaterThan(20);
  }

  @Test void gradientsAreThoseOfFiniteDifferences() {
    try (var model = Small.experts(DType.F64); var lora = Lora.apply(model, ALL, Rng.of(2)); var _ = TensorScope.open()) {
      var gradients = Small.gradients(model, lora, Way.TAPE);
      for (String module : List.of("model.layers.0.mlp.gate", "model.layers.1.mlp.experts.0.gate_proj",
          "model.layers.0.mlp.experts.2.down_proj")) {
        for (String part : List.of(".lora_A.weight", ".lora_B.weight")) {
          String name = Lora.PREFIX + module + part;
          Tensor w = Objects.requireNonNull(lora.weights().get(name)).view();
          double step = 1e-6;
          double difference = (nudged(model, w, step) - nudged(model, w, -step)) / (2 * step);
          assertThat(Objects.requireNonNull(gradients.get(name), name)[1]).as(name).isEqualTo(difference, within(1e-7));
        }
      }
    }
  }

  private static double nudged(Decoder model, Tensor w, double step) {
    try (var _ = TensorScope.open(); var _ = Grad.off()) {
      Tensor element = w.view(-1).narrow(0, 1, 1);
      Tensor old = element.copy();
      element.copyInPlace(element.add(step));
      double loss = Small.loss(model, Pass.EMPTY).item();
      element.copyInPlace(old);
      return loss;
    }
  }

  /// The balancing loss reaches a router's adapter by hand on a tape as it does by autograd.
  @ParameterizedTest @ValueSource(booleans = {false, true})
  void theBalancingLossTrainsTheRoutersAdapter(boolean checkpointed) {
    String name = Lora.PREFIX + "model.layers.0.mlp.gate.lora_B.weight";
    try (var model = Small.experts(DType.F64); var lora = Lora.apply(model, ALL, Rng.of(2))) {
      double[] plain;
      double[] taped;
      double[] without = Objects.requireNonNull(Small.gradients(model, lora, Way.TAPE).get(name));
      try (var scope = TensorScope.open()) {
        var routing = new Routing(scope);
        Small.loss(model, Pass.EMPTY.withRouting(routing)).add(routing.auxLoss().mul(0.3)).backward();
        plain = grad(lora, name);
      }
      lora.zeroGrad();
      try (var tape = GradTape.open()) {
        var routing = new Routing(tape.scope());
        Tensor loss = Small.loss(model, Pass.training(tape).withRouting(routing).withCheckpoint(checkpointed));
        routing.trainWith(0.3);
        tape.backward(loss);
        taped = grad(lora, name);
      }
      assertThat(Small.distance(taped, plain)).isLessThan(1e-9);
      assertThat(Small.distance(taped, without)).isGreaterThan(1e-4);
    }
  }

  private static double[] grad(Lora lora, String name) {
    return Objects.requireNonNull(Objects.requireNonNull(lora.weights().get(name)).grad()).toDoubles();
  }

  @Test void savedAdaptersLoadAndMappedModelsTakeThem() {
    try (var model = Small.experts(DType.F32)) {
      Pretrained.save(model, temp, DType.F32, null);
      double[] expected;
      try (var lora = Lora.apply(model, ALL.withDora(), Rng.of(5))) {
        lora.save(temp.resolve("adapter"), null);
        expected = Small.logits(model, true);
      }
      try (var _ = Lora.load(model, temp.resolve("adapter")); var mapped = Pretrained.open(temp);
           var _ = Lora.load(mapped, temp.resolve("adapter"))) {
        assertThat(Small.logits(model, true)).isEqualTo(expected);
        assertThat(Small.distance(Small.logits(mapped, true), expected)).isLessThan(1e-4);
      }
    }
  }

  @Test void peftsAdapterOnLayersOfExperts() {
    agreesWithPeft("mixtral", 2 * 2 * (1 + 1 + 3 * 4));
  }

  /// The stacked parameters of transformers 5: A of gate and up is the same there.
  @Test void peftsAdapterOnStackedParameters() {
    agreesWithPeft("qwen", 2 * 2 * (1 + 1 + 3 * 4));
  }

  private static void agreesWithPeft(String family, int weights) {
    try (var io = SafeTensors.open(PEFT.resolve("io.safetensors")); var model = Pretrained.load(PEFT.resolve(family), Device.CPU, null);
         var lora = Lora.load(model, PEFT.resolve(family + "-lora")); var _ = TensorScope.open(); var _ = Grad.off()) {
      assertThat(lora.weights()).hasSize(weights);
      Tensor ids = Pretrained.stored(io.get("ids"));
      double[] base = Pretrained.stored(io.get(family + ".base")).toDoubles();
      double[] tuned = Pretrained.stored(io.get(family + ".lora")).toDoubles();
      assertThat(Small.distance(base, tuned)).isGreaterThan(0.1);
      assertThat(Small.distance(model.apply(ids, Pass.EMPTY.withAdapters(false)).toDoubles(), base)).isLessThan(2e-5);
      assertThat(Small.distance(model.apply(ids, Pass.EMPTY).toDoubles(), tuned)).isLessThan(2e-5);
    }
  }

  @SuppressWarnings("MustBeClosedChecker")     // it throws
  @Test void parametersThatAreNoExpertsAreNamed() throws java.io.IOException {
    Path folder = temp.resolve("adapter");
    Files.createDirectories(folder);
    try (var files = Files.list(PEFT.resolve("qwen-lora"))) {
      for (Path f : files.toList()) {
        Files.copy(f, folder.resolve(f.getFileName()));
      }
    }
    try (var model = Pretrained.load(PEFT.resolve("qwen"), Device.CPU, null)) {
      edit(folder, c -> c.putArray("target_parameters").add("mlp.experts.down_proj").add("mlp.gate.weight"));
      assertThatThrownBy(() -> Lora.load(model, folder).close()).isInstanceOf(DataException.class).hasMessageContaining("unexpected")
          .hasMessageContaining("mlp.experts.base_layer.lora_A.weight");
      edit(folder, c -> c.putArray("target_parameters").add("self_attn.sinks"));
      assertThatThrownBy(() -> Lora.load(model, folder).close()).isInstanceOf(DataException.class).hasMessageContaining("self_attn.sinks")
          .hasMessageContaining("mlp.gate.weight");
    }
  }

  private static void edit(Path folder, java.util.function.Consumer<ObjectNode> change) {
    var node = (ObjectNode) JsonFile.open(folder.resolve("adapter_config.json")).node();
    change.accept(node);
    JsonFile.write(folder.resolve("adapter_config.json"), node);
  }
}
