package org.jtorch.decoder;

import java.util.List;
import java.util.Objects;
import org.jtorch.attention.AttentionConfig.Span;
import org.jtorch.attention.KvCache;
import org.jtorch.ffn.Activation;
import org.jtorch.ffn.FeedForwardConfig.Experts;
import org.jtorch.ffn.FeedForwardConfig.Names;
import org.jtorch.ffn.Routing;
import org.jtorch.nn.Parameter;
import org.jtorch.nn.Pass;
import org.jtorch.tensor.DType;
import org.jtorch.tensor.Device;
import org.jtorch.tensor.Fused;
import org.jtorch.tensor.Grad;
import org.jtorch.tensor.GradTape;
import org.jtorch.tensor.Ops;
import org.jtorch.tensor.Rng;
import org.jtorch.tensor.Tensor;
import org.jtorch.tensor.TensorOwner;
import org.jtorch.tensor.TensorScope;
import org.jtorch.tensor.TorchException;

/// Trains and generates a few rounds, and prints the native objects alive after each. Runs under the Epsilon
/// collector, which never collects: a real one would clean up and hide a leak.
final class LeakMain {
  private static final int ROUNDS = 4;

  private LeakMain() {}

  public static void main(String[] args) {
    try (var model = Decoder.create(DecoderTest.small(2, Span.FULL, true), Device.CPU, DType.F32, Rng.of(0)); var state = new TensorOwner()) {
      model.requiresGrad(true);
      var m = zeros(model, state);
      var v = zeros(model, state);
      rounds("train", () -> train(model, m, v, false));
      rounds("checkpoint", () -> train(model, m, v, true));
      rounds("generate", () -> generate(model));
      rounds("refused", () -> refused(model));
    }
    try (var model = Decoder.create(experts(), Device.CPU, DType.F32, Rng.of(0))) {
      model.requiresGrad(true);
      rounds("experts", () -> trainExperts(model, false));
      rounds("experts_checkpoint", () -> trainExperts(model, true));
      rounds("experts_generate", () -> generate(model));
    }
    print("closed");
  }

  private static void rounds(String name, Runnable body) {
    for (int i = 0; i < ROUNDS; i++) {
      body.run();
      print(name);
    }
  }

  private static void print(String name) {
    var stats = TensorScope.stats();
    System.out.println(name + " " + stats.live() + " " + stats.nativeObjects());
  }

  private static List<Tensor> zeros(Decoder model, TensorOwner owner) {
    try (var _ = TensorScope.open()) {
      return model.parameters().stream().map(p -> owner.own(Ops.zeros(DType.F32, Device.CPU, p.shape()))).toList();
    }
  }

  private static void train(Decoder model, List<Tensor> m, List<Tensor> v, boolean checkpoint) {
    try (var _ = TensorScope.open()) {
      Tensor ids = Tensor.of(1, 2, 3, 4, 5, 6, 7, 8).view(2, 4);
      try (var tape = GradTape.open()) {
        Tensor logits = model.apply(ids, Pass.training(tape).withCheckpoint(checkpoint));
        tape.backward(Ops.crossEntropy(logits.view(-1, model.vocabSize()), ids.view(-1)));
      }
      var weights = model.parameters().stream().map(Parameter::tensor).toList();
      var gradients = model.parameters().stream().map(p -> Objects.requireNonNull(p.grad())).toList();
      var steps = weights.stream().map(_ -> Ops.ones(DType.F32, Device.CPU)).toList();
      try (var _ = Grad.off()) {
        Fused.adamW(weights, gradients, m, v, steps, 1e-3, 0.9, 0.95, 0.1, 1e-8, null);
      }
      model.zeroGrad();
    }
  }

  private static DecoderConfig experts() {
    var attention = DecoderTest.small(2, Span.FULL, true).attention();
    var block = new BlockConfig(attention, new Experts(4, 2, 8, Activation.SILU, true, 8, 0.1, Names.QWEN));
    return DecoderTest.small(2, Span.FULL, true).withBlocks(List.of(block, block));
  }

  private static void trainExperts(Decoder model, boolean checkpoint) {
    try (var tape = GradTape.open()) {
      Tensor ids = Tensor.of(1, 2, 3, 4, 5, 6, 7, 8).view(2, 4);
      var routing = new Routing(tape.scope());
      Tensor logits = model.apply(ids, Pass.training(tape).withCheckpoint(checkpoint).withRouting(routing));
      routing.trainWith(model.auxCoefficient());
      tape.backward(Ops.crossEntropy(logits.view(-1, model.vocabSize()), ids.view(-1)));
    }
    model.zeroGrad();
  }

  private static void generate(Decoder model) {
    try (var cache = model.cache(1, 8); var _ = Grad.off()) {
      long next = step(model, cache, 1, 2, 3);
      for (int i = 0; i < 4; i++) {
        next = step(model, cache, next);
      }
    }
  }

  private static long step(Decoder model, KvCache cache, long... ids) {
    try (var _ = TensorScope.open()) {
      Tensor h = model.hidden(Tensor.of(ids).view(1, ids.length), Pass.EMPTY, cache);
      return model.logits(h.select(1, ids.length - 1)).argMax(-1).itemLong();
    }
  }

  private static void refused(Decoder model) {
    try (var _ = TensorScope.open()) {
      var wide = Tensor.of(1f, 2f, 3f);
      throw new IllegalStateException("not refused: " + model.logits(wide));
    } catch (TorchException e) {
      Objects.requireNonNull(e.getMessage());
    }
  }
}
