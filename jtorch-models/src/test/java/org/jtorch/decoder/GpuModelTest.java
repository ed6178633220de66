package org.jtorch.decoder;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.jtorch.adapter.Lora;
import org.jtorch.adapter.LoraConfig;
import org.jtorch.adapter.Targets;
import org.jtorch.attention.Rope;
import org.jtorch.attention.RopeScaling;
import org.jtorch.family.Llama;
import org.jtorch.family.Qwen2Moe;
import org.jtorch.ffn.Routing;
import org.jtorch.nn.Init;
import org.jtorch.nn.Pass;
import org.jtorch.tensor.DType;
import org.jtorch.tensor.Device;
import org.jtorch.tensor.Grad;
import org.jtorch.tensor.GradTape;
import org.jtorch.tensor.Ops;
import org.jtorch.tensor.Rng;
import org.jtorch.tensor.Tensor;
import org.jtorch.tensor.TensorScope;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/// A bf16 model on CUDA against the same weights in float32 on the CPU. Skipped, and saying so, without a device.
@Tag("gpu")
class GpuModelTest {
  private static final Rope ROPE = new Rope(10_000, RopeScaling.NONE);
  private static final int T = 24;

  private final Device gpu = Device.best();

  private enum Padding { NONE, LEFT, RIGHT }

  @BeforeEach void needsDevice() {
    assumeTrue(gpu.isCuda(), "no CUDA device");
  }

  private static DecoderConfig shape(boolean experts, int layers) {
    var init = new Init.Normal(0.1);
    return experts ? Qwen2Moe.shape(128, 64, layers, 4, 2, 16, 64, ROPE, Qwen2Moe.experts(8, 2, 32, true, 64, 1e-2)).withInit(init)
        : Llama.shape(128, 64, 128, layers, 4, 2, 16, 64, ROPE, 1e-5, false).withInit(init);
  }

  @SuppressWarnings("MustBeClosedChecker")     // ownership passes to the caller
  private static Decoder model(boolean experts, int layers, Device device, DType type) {
    return Decoder.create(shape(experts, layers), device, type, Rng.of(1));
  }

  private static Tensor ids(Device device) {
    var values = new long[2 * T];
    for (int i = 0; i < values.length; i++) {
      values[i] = (i * 7L + (long) i * i) % 128;
    }
    return Ops.of(values, device, 2, T);
  }

  /// The second row has a third of padding. bool `[2, T]`
  private static @Nullable Tensor mask(Padding padding, Device device) {
    if (padding == Padding.NONE) {
      return null;
    }
    var real = new long[2 * T];
    for (int t = 0; t < T; t++) {
      real[t] = 1;
      real[T + t] = padding == Padding.LEFT ? t / 8 > 0 ? 1 : 0 : t / 8 < 2 ? 1 : 0;
    }
    return Ops.of(real, device, 2, T).eq(1);
  }

  /// Root of the mean square difference in units of what is expected; both float32 on the CPU.
  private static double error(Tensor x, Tensor expected) {
    return x.sub(expected).square().mean().sqrt().item() / expected.square().mean().sqrt().item();
  }

  private static Tensor onHost(Tensor x) {
    return x.to(Device.CPU, DType.F32);
  }

  @ParameterizedTest @CsvSource({"NONE, BF16, 0.05", "LEFT, BF16, 0.05", "RIGHT, BF16, 0.05", "LEFT, F32, 1e-3", "RIGHT, F32, 1e-3"})
  void realTokensAreThoseOfTheCpu(Padding padding, DType type, double tolerance) {
    try (var there = model(false, 3, gpu, type); var here = model(false, 3, Device.CPU, DType.F32); var _ = TensorScope.open();
         var _ = Grad.off()) {
      copyWeights(there, here);
      Tensor x = onHost(there.apply(ids(gpu), Pass.EMPTY.withKeyMask(mask(padding, gpu))));
      Tensor expected = here.apply(ids(Device.CPU), Pass.EMPTY.withKeyMask(mask(padding, Device.CPU)));
      long from = padding == Padding.LEFT ? 8 : 0;
      long n = padding == Padding.NONE ? T : 16;
      assertThat(error(x.select(0, 0), expected.select(0, 0))).isLessThan(tolerance);
      assertThat(error(x.select(0, 1).narrow(0, from, n), expected.select(0, 1).narrow(0, from, n))).isLessThan(tolerance);
    }
  }

  /// Float32 on the CPU with exactly the weights that the device has.
  private static void copyWeights(Decoder from, Decoder to) {
    var target = to.weights();
    from.weights().forEach((name, w) -> Objects.requireNonNull(target.get(name)).view().copyInPlace(onHost(w.view())));
  }

  @ParameterizedTest @ValueSource(booleans = {false, true})
  void aCacheGivesWhatTheWholeRowGives(boolean experts) {
    try (var model = model(experts, 2, gpu, DType.BF16); var cache = model.cache(2, T); var _ = TensorScope.open(); var _ = Grad.off()) {
      Tensor whole = onHost(model.apply(ids(gpu), Pass.EMPTY));
      Tensor first = onHost(model.logits(model.hidden(ids(gpu).narrow(1, 0, T - 2), Pass.EMPTY, cache)));
      assertThat(error(first, whole.narrow(1, 0, T - 2))).isLessThan(0.05);
      for (int t = T - 2; t < T; t++) {
        Tensor step = onHost(model.logits(model.hidden(ids(gpu).narrow(1, t, 1), Pass.EMPTY, cache)));
        assertThat(error(step, whole.narrow(1, t, 1))).as("token %d", t).isLessThan(0.05);
      }
    }
  }

  @ParameterizedTest @CsvSource({"false, false, NONE", "false, true, LEFT", "true, false, RIGHT", "true, true, NONE"})
  void gradientsAreNearThoseOfTheCpu(boolean experts, boolean checkpointed, Padding padding) {
    try (var there = model(experts, 2, gpu, DType.BF16); var here = model(experts, 2, Device.CPU, DType.F32); var _ = TensorScope.open()) {
      try (var _ = Grad.off()) {
        copyWeights(there, here);
      }
      backward(there, checkpointed, padding);
      backward(here, checkpointed, padding);
      // a choice of experts may flip where two are nearly equal, so the whole gradient is compared, loosely
      double norm = 0;
      double off = 0;
      var expected = here.weights();
      for (var w : there.weights().entrySet()) {
        Tensor g = onHost(Objects.requireNonNull(w.getValue().grad(), w.getKey()));
        Tensor e = Objects.requireNonNull(Objects.requireNonNull(expected.get(w.getKey())).grad(), w.getKey());
        off += g.sub(e).square().sum().item();
        norm += e.square().sum().item();
      }
      assertThat(Math.sqrt(off / norm)).isLessThan(experts ? 0.3 : 0.1);
    }
  }

  private static void backward(Decoder model, boolean checkpointed, Padding padding) {
    model.requiresGrad(true);
    try (var tape = GradTape.open()) {
      Tensor mask = mask(padding, model.device());
      var routing = new Routing(tape.scope());
      Tensor y = model.apply(ids(model.device()), Pass.training(tape).withKeyMask(mask).withRouting(routing).withCheckpoint(checkpointed));
      routing.trainWith(0.1);
      Tensor each = y.to(DType.F32).square().mean(-1, false);                           // [2, T]
      tape.backward((mask == null ? each : each.mul(mask.to(DType.F32))).mean());
    }
  }

  @ParameterizedTest @ValueSource(booleans = {false, true})
  void aForwardDoesNotWaitForTheDeviceOnceALayer(boolean experts) {
    for (int layers : new int[] {1, 4}) {
      try (var model = model(experts, layers, gpu, DType.BF16); var tape = GradTape.open()) {
        model.requiresGrad(true);
        var routing = new Routing(tape.scope());
        long before = TensorScope.stats().hostReads();
        Tensor y = model.apply(ids(gpu), Pass.training(tape).withKeyMask(mask(Padding.RIGHT, gpu)).withRouting(routing));
        tape.backward(y.to(DType.F32).square().mean());
        assertThat(TensorScope.stats().hostReads() - before).as("%d layers", layers).isLessThanOrEqualTo(2);
      }
    }
  }

  @Test void masksOfDropoutAreDrawnThereAndRepeat() {
    try (var _ = TensorScope.open()) {
      Tensor like = Ops.zeros(DType.BF16, gpu, 1000, 10);
      Tensor mask = Rng.at(3, 5).mask(0.25, like);
      assertThat(mask.device()).isEqualTo(gpu);
      assertThat(onHost(mask).sub(onHost(Rng.at(3, 5).mask(0.25, like))).abs().max().item()).isZero();
      assertThat(onHost(mask).sub(onHost(Rng.at(3, 6).mask(0.25, like))).abs().max().item()).isEqualTo(1);
      assertThat(onHost(mask).mean().item()).isEqualTo(0.75, within(0.03));
    }
  }

  @Test void adaptersTrainOnExperts() {
    var config = LoraConfig.of(4, 8, new Targets.AllLinear()).withStart(LoraConfig.Start.RANDOM).withDropout(0.1);
    try (var model = model(true, 2, gpu, DType.BF16); var lora = Lora.apply(model, config, Rng.of(2));
         var tape = GradTape.open()) {
      Tensor y = model.apply(ids(gpu), Pass.training(tape).withCheckpoint(true));
      tape.backward(y.to(DType.F32).square().mean());
      long trained = lora.parameters().stream().filter(p -> p.grad() != null).count();
      assertThat(trained).isGreaterThan(lora.parameters().size() / 2L);
      lora.parameters().stream().filter(p -> p.grad() != null)
          .forEach(p -> assertThat(Objects.requireNonNull(p.grad()).abs().max().item()).isFinite());
    }
  }
}
