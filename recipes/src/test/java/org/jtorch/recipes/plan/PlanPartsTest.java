package org.jtorch.recipes.plan;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Objects;
import org.jtorch.attention.Rope;
import org.jtorch.attention.RopeScaling;
import org.jtorch.decoder.Decoder;
import org.jtorch.decoder.DecoderConfig;
import org.jtorch.family.Llama;
import org.jtorch.nn.Parameter;
import org.jtorch.optim.AdamW;
import org.jtorch.recipes.bench.RandomStep;
import org.jtorch.tensor.DType;
import org.jtorch.tensor.Device;
import org.jtorch.tensor.Rng;
import org.jtorch.tensor.Tensor;
import org.jtorch.tensor.TensorScope;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class PlanPartsTest {
  private static final double GB = 1e9;

  private static DecoderConfig shape(int vocab, int dim, int layers) {
    return Llama.shape(vocab, dim, 2 * dim, layers, 4, 2, dim / 4, 4_096, new Rope(10_000, RopeScaling.NONE), 1e-5, true);
  }

  private static Workload work(DecoderConfig shape, DType dtype, int rows, int accumulate) {
    return new Workload(shape, Device.CPU, dtype, rows, 64, accumulate, false, 0, false);
  }

  @ParameterizedTest @CsvSource({"F32, 1", "BF16, 1", "BF16, 2"})
  void weightsAndOptimizerTakeWhatTheirTensorsTake(DType dtype, int accumulate) {
    try (var model = Decoder.create(shape(300, 32, 2), Device.CPU, dtype, Rng.of(0))) {
      model.requiresGrad(true);
      var step = new RandomStep(model, RandomStep.batch(300, 2, 64, 64), false, 0);
      try (var optimizer = AdamW.over(model.parameters(), 0.1, AdamW.Options.DEFAULT); var _ = TensorScope.open()) {
        step.gradients(() -> { });
        long gradients = model.parameters().stream().mapToLong(p -> bytes(Objects.requireNonNull(p.grad()))).sum();
        long half = model.parameters().stream().filter(p -> p.tensor().dtype().isHalf()).mapToLong(Parameter::numel).sum();
        var state = optimizer.state();
        long masters = state.entrySet().stream().filter(e -> e.getKey().endsWith("master"))
            .filter(e -> model.parameters().stream().noneMatch(p -> p.tensor() == e.getValue())).mapToLong(e -> bytes(e.getValue())).sum();
        long moments = state.entrySet().stream().filter(e -> e.getKey().contains("exp_avg")).mapToLong(e -> bytes(e.getValue())).sum();
        long weights = model.parameters().stream().mapToLong(p -> bytes(p.tensor())).sum();
        long sums = accumulate > 1 ? 4 * half : 0;                                    // of gradients, which nobody sees
        assertThat(ModelBytes.of(model.config(), dtype, accumulate)).isEqualTo(new ModelBytes(weights, masters, moments, gradients + sums));
      }
    }
  }

  private static long bytes(Tensor t) {
    return t.numel() * t.dtype().bytes();
  }

  @Test void whatIsQuickIsMeasuredWhole() {
    var small = work(shape(300, 32, 2), DType.F32, 4, 1);
    assertThat(Sample.of(small, 1e11, 8_000_000_000L)).isEqualTo(small);
  }

  @Test void whatIsSlowIsMeasuredInPart() {
    var large = new Workload(shape(32_000, 512, 24), Device.CPU, DType.F32, 64, 512, 1, false, 0, false);
    var sample = Objects.requireNonNull(Sample.of(large, 1e11, 8_000_000_000L));
    assertThat(sample.flops()).isLessThan(1e11);
    assertThat(sample.tokens()).isGreaterThanOrEqualTo(512);
    assertThat(sample.shape().vocab()).isEqualTo(32_000);
    assertThat(sample.shape().blocks().getFirst()).isEqualTo(large.shape().blocks().getFirst());
  }

  @Test void whatDoesNotFitIsNotTried() {
    var huge = new Workload(shape(128_256, 16_384, 126), Device.CPU, DType.BF16, 1, 512, 1, false, 0, false);
    assertThat(Sample.of(huge, 1e12, 24_000_000_000L)).isNull();
    var estimate = Estimate.of(huge, 1e12, 24_000_000_000L);
    assertThat(estimate.sample()).isNull();
    assertThat(estimate.bytes()).isGreaterThan(huge.shape().parameterCount() * 16);
    assertThat(new Verdict(23_000_000_000L, 20_000_000_000L).of(estimate, huge)).startsWith("does not fit: needs ")
        .contains("this machine has 23.0 GB").contains("choose a smaller model");
  }

  @Test void aStepIsMeasuredAndGrowsWithItsRows() {
    var few = work(shape(300, 256, 2), DType.F32, 6, 1);
    var _ = ShortStep.measure(few);                                                 // what the JVM compiles is no activation
    var one = ShortStep.measure(few);
    assertThat(one.gradientSeconds()).isPositive();
    assertThat(one.updateSeconds()).isPositive();
    assertThat(one.share()).isBetween(0.0, 1.0);
    if (one.keptBytes() >= 0) {                                                     // where the C library tells
      var many = ShortStep.measure(few.withRows(24));
      assertThat((double) many.keptBytes() / one.keptBytes()).isBetween(3.0, 5.0);
      assertThat(many.peakBytes()).isGreaterThan(many.keptBytes() + ModelBytes.of(few.shape(), DType.F32, 1).total() / 2);
    }
  }

  @Test void verdictsNameWhatWouldFit() {
    var work = work(shape(300, 32, 2), DType.F32, 16, 1);
    var estimate = new Estimate(1, 0.1, 1, new ModelBytes((long) GB, 0, (long) (2 * GB), (long) GB), (long) (16 * GB), (long) (2 * GB), 0, null);
    assertThat(new Verdict((long) (30 * GB), (long) (25 * GB)).of(estimate, work)).isEqualTo("fits: this machine has 30.0 GB, 25.0 GB of it free");
    assertThat(new Verdict((long) (30 * GB), (long) (5 * GB)).of(estimate, work)).endsWith("; end something else before you start it");
    assertThat(new Verdict((long) (12 * GB), (long) (9 * GB)).of(estimate, work))
        .isEqualTo("does not fit: needs 23.1 GB, this machine has 12.0 GB; train.accumulate: 4 would need 8.5 GB");
    assertThat(new Verdict((long) (5 * GB), (long) (4 * GB)).of(estimate, work)).endsWith("set train.activation_checkpointing: true, or lower data.seq_len");
    assertThat(new Verdict((long) (3 * GB), (long) (2 * GB)).of(estimate, work)).endsWith("take 4.0 GB: choose a smaller model");
    assertThat(estimate.stepSeconds(2)).isEqualTo(2.1);
  }
}
