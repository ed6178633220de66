package org.jtorch.attention;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Collections;
import java.util.List;
import java.util.stream.LongStream;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.jtorch.attention.AttentionConfig.Span;
import org.jtorch.decoder.BlockConfig;
import org.jtorch.decoder.Decoder;
import org.jtorch.decoder.DecoderConfig;
import org.jtorch.ffn.Activation;
import org.jtorch.ffn.FeedForwardConfig;
import org.jtorch.nn.Pass;
import org.jtorch.nn.SoftCap;
import org.jtorch.tensor.DType;
import org.jtorch.tensor.Device;
import org.jtorch.tensor.Grad;
import org.jtorch.tensor.GradTape;
import org.jtorch.tensor.Ops;
import org.jtorch.tensor.Rng;
import org.jtorch.tensor.Tensor;
import org.jtorch.tensor.TensorScope;
import org.jtorch.tensor.kernel.Kernels;
import org.jtorch.tensor.kernel.RotaryPass;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/// One token at a time with a cache gives what the whole sequence gives: decoding against products and softmax.
class DecodeStepTest {
  private static final int VOCAB = 50;
  private static final int LENGTH = 9;
  private static final int PROMPT = 4;

  record Shape(int heads, int kvHeads, Span span, boolean padded) {}

  static Stream<Shape> shapes() {
    return Stream.of(new Shape(4, 2, Span.FULL, false), new Shape(4, 4, Span.FULL, true), new Shape(4, 1, Span.FULL, true),
        new Shape(4, 2, new Span.Sliding(3), false), new Shape(6, 2, new Span.Sliding(3), true),
        new Shape(2, 1, new Span.Sliding(100), true));
  }

  @ParameterizedTest @MethodSource("shapes")
  void stepsEqualTheWholeSequence(Shape shape) {
    var gqa = new AttentionConfig.Gqa(shape.heads, shape.kvHeads, 8, false, false, new Rope(10_000, RopeScaling.NONE), shape.span);
    var block = new BlockConfig(gqa, new FeedForwardConfig.Gated(24, Activation.SILU, false));
    var config = new DecoderConfig("llama", VOCAB, 16, 64, 1e-5, false, 0.5, Collections.nCopies(2, block));
    try (var model = Decoder.create(config, Device.CPU, DType.F32, Rng.of(1)); var _ = TensorScope.open()) {
      Tensor ids = Ops.arange(0, 2 * LENGTH, Device.CPU).view(2, LENGTH);
      Tensor mask = shape.padded
          ? Ops.of(new long[] {0, 0, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1}, Device.CPU, 2, LENGTH).eq(1) : null;
      Tensor positions = shape.padded
          ? Ops.of(new long[] {0, 0, 0, 1, 2, 3, 4, 5, 6, 0, 1, 2, 3, 4, 5, 6, 7, 8}, Device.CPU, 2, LENGTH) : null;
      Tensor whole = model.apply(ids, Pass.EMPTY.withKeyMask(mask).withPositions(positions));           // [2, L, V]
      try (var _ = Grad.off(); var cache = model.cache(2, LENGTH)) {
        for (int at = 0; at < LENGTH; at += at == 0 ? PROMPT : 1) {
          int n = at == 0 ? PROMPT : 1;
          var pass = Pass.EMPTY.withKeyMask(mask).withPositions(part(positions, at, n));
          Tensor scores = model.logits(model.hidden(ids.narrow(1, at, n), pass, cache)).select(1, n - 1);
          double gap = scores.sub(whole.select(1, at + n - 1)).abs().max().item();
          assertThat(gap).as("%s token %d", shape, at + n - 1).isLessThan(1e-4);
        }
      }
    }
  }

  /// In bf16 the keys of a step are rounded up to a shape that oneDNN knows: across the bound, with and without padding and cap.
  @ParameterizedTest
  @CsvSource({"BF16, false, 0", "BF16, true, 0", "BF16, true, 30", "F32, false, 30"})
  void longerStepsEqualTheWholeSequence(DType dtype, boolean padded, double cap) {
    int length = 70;
    var gqa = new AttentionConfig.Gqa(4, 2, 8, false, false, new Rope(10_000, RopeScaling.NONE), Span.FULL);
    gqa = cap == 0 ? gqa : gqa.withCap(new SoftCap(cap));
    var block = new BlockConfig(gqa, new FeedForwardConfig.Gated(24, Activation.SILU, false));
    var config = new DecoderConfig("llama", VOCAB, 16, 200, 1e-5, false, 0.2, Collections.nCopies(2, block));
    try (var model = Decoder.create(config, Device.CPU, dtype, Rng.of(1)); var _ = TensorScope.open(); var _ = Grad.off()) {
      Tensor ids = Ops.of(LongStream.range(0, 2L * length).map(i -> i * i % VOCAB).toArray(), Device.CPU, 2, length);
      Tensor k = Ops.arange(0, 150, Device.CPU).view(1, 150);
      Tensor mask = padded ? Ops.cat(0, k.ge(5), k.ge(0)) : null;
      Tensor positions = mask == null ? null : Ops.clampMin(mask.narrow(1, 0, length).to(DType.I64).cumsum(1).sub(1), 0);
      Tensor whole = model.hidden(ids, Pass.EMPTY.withKeyMask(mask == null ? null : mask.narrow(1, 0, length)).withPositions(positions), null)
          .to(DType.F32);
      try (var cache = model.cache(2, 150)) {
        for (int at = 0; at < length; at += at == 0 ? 58 : 1) {
          int n = at == 0 ? 58 : 1;
          var pass = Pass.EMPTY.withKeyMask(mask).withPositions(part(positions, at, n));
          Tensor step = model.hidden(ids.narrow(1, at, n), pass, cache).select(1, n - 1).to(DType.F32);
          double gap = step.sub(whole.select(1, at + n - 1)).abs().max().item();
          assertThat(gap).as("token %d", at + n - 1).isLessThan(dtype == DType.F32 ? 1e-4 : 0.06);
        }
      }
    }
  }

  /// Enough rows that a step goes through the fused passes of one token ([Kernels#fuseForward], [RotaryPass#splitStep]).
  @ParameterizedTest
  @CsvSource({"F32, false, 0", "F32, true, 0", "F32, true, 30", "BF16, false, 0", "BF16, true, 30"})
  void stepsInFewPassesEqualTheWholeSequence(DType dtype, boolean padded, double cap) {
    int rows = 8;
    var gqa = new AttentionConfig.Gqa(8, 4, 32, true, false, new Rope(10_000, RopeScaling.NONE), Span.FULL);
    gqa = cap == 0 ? gqa : gqa.withCap(new SoftCap(cap));
    var block = new BlockConfig(gqa, new FeedForwardConfig.Gated(512, Activation.SILU, false));
    var config = new DecoderConfig("qwen2", VOCAB, 256, 200, 1e-5, false, 0.05, Collections.nCopies(2, block));
    try (var model = Decoder.create(config, Device.CPU, dtype, Rng.of(1)); var _ = TensorScope.open(); var _ = Grad.off()) {
      assertThat(RotaryPass.splitStep(Ops.zeros(dtype, Device.CPU, rows, 1, 16L * 32), gqa.headLayout(), null) != null)
          .isEqualTo(Kernels.available());
      Tensor ids = Ops.of(LongStream.range(0, (long) rows * LENGTH).map(i -> i * i % VOCAB).toArray(), Device.CPU, rows, LENGTH);
      Tensor hidden = Ops.arange(0, rows, Device.CPU).view(rows, 1).mul(0.4);                       // 0 to 2 tokens of padding
      Tensor mask = padded ? Ops.arange(0, LENGTH, Device.CPU).view(1, LENGTH).sub(hidden.to(DType.I64)).ge(0) : null;
      Tensor positions = mask == null ? null : Ops.clampMin(mask.to(DType.I64).cumsum(1).sub(1), 0);
      Tensor whole = model.hidden(ids, Pass.EMPTY.withKeyMask(mask).withPositions(positions), null).to(DType.F32);
      try (var cache = model.cache(rows, LENGTH)) {
        for (int at = 0; at < LENGTH; at += at == 0 ? PROMPT : 1) {
          int n = at == 0 ? PROMPT : 1;
          var pass = Pass.EMPTY.withKeyMask(mask).withPositions(part(positions, at, n));
          Tensor step = model.hidden(ids.narrow(1, at, n), pass, cache).select(1, n - 1).to(DType.F32);
          double gap = step.sub(whole.select(1, at + n - 1)).abs().max().item();
          assertThat(gap).as("token %d", at + n - 1).isLessThan(dtype == DType.F32 ? 1e-4 : 0.06);
        }
      }
    }
  }

  /// Without a tape: blocks of queries, as on one, to float32 rounding.
  @ParameterizedTest @ValueSource(ints = {1, 7, 128, 300})
  void aForwardWithoutATapeEqualsTheTrainingForward(int length) {
    var full = new AttentionConfig.Gqa(4, 2, 8, false, false, new Rope(10_000, RopeScaling.NONE), Span.FULL);
    var blocks = List.of(new BlockConfig(full, new FeedForwardConfig.Gated(24, Activation.SILU, false)),
        new BlockConfig(full.withSpan(new Span.Sliding(40)), new FeedForwardConfig.Gated(24, Activation.SILU, false)));
    var config = new DecoderConfig("llama", VOCAB, 16, 400, 1e-5, false, 0.2, blocks);
    try (var model = Decoder.create(config, Device.CPU, DType.F32, Rng.of(1)); var _ = TensorScope.open(); var tape = GradTape.open()) {
      Tensor ids = Ops.of(LongStream.range(0, 2L * length).map(i -> i * i % VOCAB).toArray(), Device.CPU, 2, length);
      Tensor training = model.hidden(ids, Pass.training(tape), null);
      try (var _ = Grad.off()) {
        assertThat(model.hidden(ids, Pass.EMPTY, null).sub(training.detach()).abs().max().item()).isLessThan(1e-5);
      }
    }
  }

  private static @Nullable Tensor part(@Nullable Tensor t, int start, int n) {
    return t == null ? null : t.narrow(1, start, n);
  }
}
