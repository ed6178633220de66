package org.jtorch.decoder;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
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
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// How often a forward reads values into Java, for which a device would have to finish all its work: not once a layer.
class HostReadsTest {
  private static final Rope ROPE = new Rope(10_000, RopeScaling.NONE);

  @AfterEach void nothingLives() {
    assertThat(TensorScope.stats().live()).isZero();
  }

  @ParameterizedTest @CsvSource({"false, F32, 0", "true, F32, 1", "false, BF16, 0", "true, BF16, 1"})
  void theirNumberDoesNotGrowWithTheLayers(boolean experts, DType type, int expected) {
    for (int layers : new int[] {1, 5}) {
      try (var model = Decoder.create(shape(experts, layers), Device.CPU, type, Rng.of(1)); var scope = TensorScope.open();
           var _ = Grad.off()) {
        Tensor mask = mask(0, 1, 1, 1, 1, 1);
        long before = TensorScope.stats().hostReads();
        assertThat(model.apply(ids(), Pass.EMPTY.withKeyMask(mask).withRouting(new Routing(scope))).size(1)).isEqualTo(6);
        assertThat(TensorScope.stats().hostReads() - before).as("%d layers", layers).isEqualTo(expected);
      }
    }
  }

  @ParameterizedTest @CsvSource({"false, false", "true, false", "true, true"})
  void norInTraining(boolean experts, boolean checkpointed) {
    for (int layers : new int[] {1, 5}) {
      try (var model = Decoder.create(shape(experts, layers), Device.CPU, DType.F32, Rng.of(1))) {
        model.requiresGrad(true);
        long before = TensorScope.stats().hostReads();
        try (var tape = GradTape.open()) {
          var routing = new Routing(tape.scope());
          Tensor y = model.apply(ids(), Pass.training(tape).withRouting(routing).withCheckpoint(checkpointed));
          routing.trainWith(0.1);
          tape.backward(y.square().mean());
        }
        assertThat(TensorScope.stats().hostReads() - before).as("%d layers", layers).isZero();
        model.zeroGrad();
      }
    }
  }

  /// In half precision padding on the right needs no mask: what real tokens see is what they see alone.
  @ParameterizedTest @CsvSource({"false", "true"})
  void paddingDoesNotChangeRealTokens(boolean left) {
    try (var model = Decoder.create(shape(false, 2), Device.CPU, DType.BF16, Rng.of(1)); var _ = TensorScope.open(); var _ = Grad.off()) {
      Tensor alone = model.apply(ids().narrow(0, 1, 1).narrow(1, left ? 2 : 0, 4), Pass.EMPTY);
      Tensor mask = left ? mask(0, 0, 1, 1, 1, 1) : mask(1, 1, 1, 1, 0, 0);
      Tensor places = Ops.of(left ? new long[] {0, 0, 0, 1, 2, 3} : new long[] {0, 1, 2, 3, 4, 5}, Device.CPU, 1, 6).expand(2, 6);
      Tensor padded = model.apply(ids(), Pass.EMPTY.withKeyMask(mask).withPositions(places)).narrow(0, 1, 1).narrow(1, left ? 2 : 0, 4);
      Tensor open = model.apply(ids(), Pass.EMPTY.withPositions(places)).narrow(0, 1, 1).narrow(1, left ? 2 : 0, 4);
      double scale = alone.to(DType.F32).abs().max().item();
      assertThat(alone.sub(padded).to(DType.F32).abs().max().item()).isLessThan(0.02 * scale);
      assertThat(alone.sub(open).to(DType.F32).abs().max().item() > 0.02 * scale).isEqualTo(left);
    }
  }

  private static DecoderConfig shape(boolean experts, int layers) {
    return experts ? Qwen2Moe.shape(31, 16, layers, 4, 2, 8, 32, ROPE, Qwen2Moe.experts(4, 2, 8, true, 12, 1e-2))
        : Llama.shape(31, 16, 32, layers, 4, 2, 8, 32, ROPE, 1e-5, false).withInit(new Init.Normal(0.3));
  }

  private static Tensor ids() {
    return Ops.of(new long[] {1, 5, 9, 2, 16, 3, 7, 7, 30, 4, 1, 2}, Device.CPU, 2, 6);
  }

  /// The first row is all real. bool `[2, 6]`
  private static Tensor mask(int... second) {
    var values = new long[12];
    Arrays.fill(values, 0, 6, 1);
    for (int i = 0; i < 6; i++) {
      values[6 + i] = second[i];
    }
    return Ops.of(values, Device.CPU, 2, 6).eq(1);
  }
}
