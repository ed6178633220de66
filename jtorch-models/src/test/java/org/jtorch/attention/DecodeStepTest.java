package org.jtorch.attention;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Collections;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.jtorch.attention.AttentionConfig.Span;
import org.jtorch.decoder.BlockConfig;
import org.jtorch.decoder.Decoder;
import org.jtorch.decoder.DecoderConfig;
import org.jtorch.ffn.Activation;
import org.jtorch.ffn.FeedForwardConfig;
import org.jtorch.nn.Pass;
import org.jtorch.tensor.DType;
import org.jtorch.tensor.Device;
import org.jtorch.tensor.Grad;
import org.jtorch.tensor.Ops;
import org.jtorch.tensor.Rng;
import org.jtorch.tensor.Tensor;
import org.jtorch.tensor.TensorScope;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// One token at a time with a cache gives what the whole sequence gives: fused decoding against products and softmax.
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

  private static @Nullable Tensor part(@Nullable Tensor t, int start, int n) {
    return t == null ? null : t.narrow(1, start, n);
  }
}
