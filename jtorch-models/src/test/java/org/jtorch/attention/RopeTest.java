package org.jtorch.attention;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.within;

import org.jtorch.attention.AttentionConfig.Gqa;
import org.jtorch.attention.AttentionConfig.QkNorm;
import org.jtorch.attention.AttentionConfig.Span;
import org.jtorch.tensor.DType;
import org.jtorch.tensor.Device;
import org.jtorch.tensor.Ops;
import org.jtorch.tensor.Rng;
import org.jtorch.tensor.Tensor;
import org.jtorch.tensor.TensorScope;
import org.junit.jupiter.api.Test;

/// Rotary positions: worked vectors for each scaling, and what every rotation keeps.
class RopeTest {
  private static final int D = 8;

  private static double[] ratios(RopeScaling scaling, double base, int headDim, long length) {
    double[] plain = RopeScaling.NONE.inverseFrequencies(base, headDim, length);
    double[] scaled = scaling.inverseFrequencies(base, headDim, length);
    for (int i = 0; i < plain.length; i++) {
      scaled[i] /= plain[i];
    }
    return scaled;
  }

  @Test void llama3KeepsBlendsAndDivides() {
    double[] r = ratios(new RopeScaling.Llama3(8, 1, 4, 8_192), 500_000, 128, 0);
    for (int i = 0; i <= 28; i++) {
      assertThat(r[i]).as("index " + i).isEqualTo(1);
    }
    assertThat(r[29]).isCloseTo(0.8281684118, within(1e-9));
    assertThat(r[31]).isCloseTo(0.4935071227, within(1e-9));
    assertThat(r[34]).isCloseTo(0.1902107436, within(1e-9));
    for (int i = 35; i < 64; i++) {
      assertThat(r[i]).as("index " + i).isCloseTo(0.125, within(1e-12));
    }
  }

  @Test void yarnRampsBetweenTheTwoRotations() {
    var yarn = new RopeScaling.Yarn(4, 32_768, 32, 1, true, RopeScaling.Yarn.defaultAttentionFactor(4));
    double[] r = ratios(yarn, 1_000_000, 128, 0);
    for (int i = 0; i <= 23; i++) {
      assertThat(r[i]).as("index " + i).isCloseTo(1, within(1e-12));
    }
    assertThat(r[24]).isCloseTo(0.9558823529, within(1e-9));
    assertThat(r[31]).isCloseTo(0.6470588235, within(1e-9));
    for (int i = 40; i < 64; i++) {
      assertThat(r[i]).as("index " + i).isCloseTo(0.25, within(1e-12));
    }
    assertThat(yarn.attentionFactor()).isCloseTo(1.1386294361, within(1e-9));
    try (var _ = TensorScope.open()) {
      var t = new Rope(1_000_000, yarn).tables(Tensor.of(0L).view(1, 1), 128, 1);
      assertThat(t.cos().max().item()).isCloseTo(1.1386294361, within(1e-6));
    }
  }

  @Test void linearDividesAndDynamicWaitsForTheLength() {
    assertThat(ratios(new RopeScaling.Linear(4), 10_000, D, 0)).containsExactly(0.25, 0.25, 0.25, 0.25);
    var dynamic = new RopeScaling.Dynamic(2, 100);
    assertThat(ratios(dynamic, 10_000, D, 100)).containsExactly(1, 1, 1, 1);
    double[] f = dynamic.inverseFrequencies(10_000, D, 300);
    double base = 10_000 * Math.pow(2 * 300 / 100.0 - 1, 8 / 6.0);
    assertThat(f[3]).isCloseTo(Math.pow(base, -6 / 8.0), within(1e-12));
  }

  @Test void wrongScalingsNameTheKey() {
    assertThatIllegalArgumentException().isThrownBy(() -> new RopeScaling.Linear(0)).withMessageContaining("`factor`");
    assertThatIllegalArgumentException().isThrownBy(() -> new RopeScaling.Llama3(8, 4, 4, 10)).withMessageContaining("`high_freq_factor`");
    assertThatIllegalArgumentException().isThrownBy(() -> new Rope(1, RopeScaling.NONE)).withMessageContaining("`rope_theta`");
    assertThatIllegalArgumentException().isThrownBy(() -> new RopeScaling.Dynamic(2, 0)).withMessageContaining("`max_position_embeddings`");
    assertThatIllegalArgumentException().isThrownBy(() -> new RopeScaling.Llama3(8, 1, 4, 0))
        .withMessageContaining("`original_max_position_embeddings` must be >= 1");
    assertThatIllegalArgumentException().isThrownBy(() -> new RopeScaling.Yarn(4, 0, 32, 1, true, 1))
        .withMessageContaining("`original_max_position_embeddings` must be >= 1");
    assertThatIllegalArgumentException().isThrownBy(() -> new RopeScaling.Yarn(4, 32, 1, 32, true, 1)).withMessageContaining("`beta_fast`");
    assertThatIllegalArgumentException().isThrownBy(() -> new RopeScaling.Yarn(4, 32, 1, 0, true, 1)).withMessageContaining("`beta_slow`");
    assertThatIllegalArgumentException().isThrownBy(() -> attention(2, Span.FULL, QkNorm.NONE)).withMessageContaining("`head_dim` >= 4");
  }

  @Test void chunksAreRefusedWhereTheyWouldRotateTwice() {
    var chunks = new Span.DualChunk(16, 12);
    assertThat(attention(8, chunks, new QkNorm.BeforeRope(1e-5)).span()).isEqualTo(chunks);
    assertThatIllegalArgumentException().isThrownBy(() -> attention(8, chunks, new QkNorm.AfterRope(1e-5)))
        .withMessageContaining("before the rotation");
  }

  private static Gqa attention(int headDim, Span span, QkNorm norm) {
    return new Gqa(1, 1, headDim, false, false, new Rope(10_000, new RopeScaling.Dynamic(2, 32)), span).withQkNorm(norm);
  }

  @Test void rotationsKeepLengthsAndPositionZero() {
    try (var _ = TensorScope.open()) {
      Tensor x = Rng.of(1).normal(0, 1, DType.F32, Device.CPU, 2, 6, 3, D);
      Tensor y = rotate(x, 0);
      assertThat(Ops.norm(y, -1, false).toFloats()).containsExactly(Ops.norm(x, -1, false).toFloats(), within(1e-5f));
      assertThat(y.narrow(1, 0, 1).toFloats()).isEqualTo(x.narrow(1, 0, 1).toFloats());
      assertThat(y.narrow(1, 5, 1).toFloats()).isNotEqualTo(x.narrow(1, 5, 1).toFloats());
    }
  }

  @Test void scoresDependOnDistancesOnly() {
    try (var _ = TensorScope.open()) {
      Tensor q = Rng.of(1).normal(0, 1, DType.F32, Device.CPU, 1, 6, 1, D);
      Tensor k = Rng.of(2).normal(0, 1, DType.F32, Device.CPU, 1, 6, 1, D);
      assertThat(scores(rotate(q, 1_000), rotate(k, 1_000))).containsExactly(scores(rotate(q, 0), rotate(k, 0)), within(2e-3f));
      assertThat(scores(rotate(q, 3), rotate(k, 0))).isNotEqualTo(scores(rotate(q, 0), rotate(k, 0)));
    }
  }

  @Test void theRotationByHand() {
    try (var _ = TensorScope.open()) {
      Tensor x = Tensor.of(1f, 2f, 3f, 4f).view(1, 1, 1, 4);
      var t = new Rope(100, RopeScaling.NONE).tables(Tensor.of(2L).view(1, 1), 4, 3);   // angles 2 and 0.2
      double[] expected = {Math.cos(2) - 3 * Math.sin(2), 2 * Math.cos(0.2) - 4 * Math.sin(0.2),
          3 * Math.cos(2) + Math.sin(2), 4 * Math.cos(0.2) + 2 * Math.sin(0.2)};
      assertThat(Rope.rotate(x, t).toDoubles()).containsExactly(expected, within(1e-6));
    }
  }

  private static Tensor rotate(Tensor x, long start) {
    var t = new Rope(10_000, RopeScaling.NONE).tables(Rope.consecutive(start, x.size(1), Device.CPU), D, start + x.size(1));
    return Rope.rotate(x, t);
  }

  private static float[] scores(Tensor q, Tensor k) {
    return q.view(6, D).matmul(k.view(6, D).t()).toFloats();
  }
}
