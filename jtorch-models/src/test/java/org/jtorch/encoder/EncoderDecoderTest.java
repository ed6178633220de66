package org.jtorch.encoder;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.SplittableRandom;
import org.jspecify.annotations.Nullable;
import org.jtorch.attention.AttentionConfig;
import org.jtorch.attention.Rope;
import org.jtorch.attention.RopeScaling;
import org.jtorch.ffn.Activation;
import org.jtorch.ffn.FeedForwardConfig;
import org.jtorch.nn.Parameter;
import org.jtorch.nn.Pass;
import org.jtorch.tensor.DType;
import org.jtorch.tensor.Device;
import org.jtorch.tensor.Grad;
import org.jtorch.tensor.GradTape;
import org.jtorch.tensor.Ops;
import org.jtorch.tensor.Rng;
import org.jtorch.tensor.Tensor;
import org.jtorch.tensor.TensorOwner;
import org.jtorch.tensor.TensorScope;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

@SuppressWarnings("MustBeClosedChecker")
class EncoderDecoderTest {
  private static final int PAD = 0;
  private static final int START = 1;
  private static final int END = 2;
  private static final int VOCAB = 10;
  private static final int LENGTH = 4;
  private static final EncoderConfig ENCODER =
      new EncoderConfig("roberta", VOCAB, 32, 1, 4, 64, 12, 1, PAD, Activation.GELU, 1e-5, 0.1);
  private static final EncoderDecoderConfig CONFIG = EncoderDecoderConfig.like(ENCODER,
      new FeedForwardConfig.Gated(48, Activation.SILU, false), new Rope(10_000, RopeScaling.NONE), 8);

  @AfterEach void nothingLives() {
    assertThat(TensorScope.stats().live()).isZero();
  }

  private static EncoderDecoder model() {
    return EncoderDecoder.create(CONFIG, Device.CPU, DType.F32, Rng.of(1));
  }

  /// Sources and the same tokens to write; the target begins with START, the labels end with END.
  private record Copies(Tensor source, Tensor target, Tensor labels) {}

  private static Copies copies(SplittableRandom random, int rows) {
    var source = new long[rows * LENGTH];
    var target = new long[rows * (LENGTH + 1)];
    var labels = new long[rows * (LENGTH + 1)];
    for (int r = 0; r < rows; r++) {
      target[r * (LENGTH + 1)] = START;
      for (int i = 0; i < LENGTH; i++) {
        long token = random.nextInt(END + 1, VOCAB);
        source[r * LENGTH + i] = token;
        target[r * (LENGTH + 1) + i + 1] = token;
        labels[r * (LENGTH + 1) + i] = token;
      }
      labels[r * (LENGTH + 1) + LENGTH] = END;
    }
    return new Copies(Tensor.of(source).view(rows, LENGTH), Tensor.of(target).view(rows, LENGTH + 1),
        Tensor.of(labels).view(rows, LENGTH + 1));
  }

  @Test void itLearnsToCopy() {
    try (var model = model(); var adam = new Adam(model.parameters(), 0.003)) {
      model.requiresGrad(true);
      var random = new SplittableRandom(3);
      double first = step(model, adam, random);
      double last = first;
      for (int i = 0; i < 400 && last > 0.03; i++) {
        last = step(model, adam, random);
      }
      assertThat(first).isGreaterThan(2);                                     // ln 10 = 2.3
      assertThat(last).isLessThan(0.03);
      try (var _ = TensorScope.open()) {
        var unseen = copies(new SplittableRandom(99), 6);
        var written = model.greedy(unseen.source, Pass.EMPTY, START, END, 8);
        long[] wanted = unseen.source.toLongs();
        for (int r = 0; r < 6; r++) {
          assertThat(written.get(r)).containsExactly(Arrays.copyOfRange(wanted, r * LENGTH, (r + 1) * LENGTH));
        }
      }
    }
  }

  private static double step(EncoderDecoder model, Adam adam, SplittableRandom random) {
    try (var _ = TensorScope.open(); var tape = GradTape.open()) {
      var batch = copies(random, 32);
      Tensor loss = model.loss(batch.source, batch.target, batch.labels, Pass.training(tape));
      tape.backward(loss);
      adam.step();
      model.zeroGrad();
      return loss.item();
    }
  }

  /// Kingma and Ba 2015, without decay.
  private static final class Adam implements AutoCloseable {
    private final TensorOwner owner = new TensorOwner();
    private final List<Slot> slots;
    private final double rate;
    private int steps;

    private record Slot(Parameter parameter, Tensor m, Tensor v) {}

    Adam(List<Parameter> parameters, double rate) {
      this.rate = rate;
      try (var _ = TensorScope.open()) {
        slots = parameters.stream().map(p -> new Slot(p, owner.own(Ops.zerosLike(p.tensor())),
            owner.own(Ops.zerosLike(p.tensor())))).toList();
      }
    }

    void step() {
      steps++;
      double scale = rate * Math.sqrt(1 - Math.pow(0.99, steps)) / (1 - Math.pow(0.9, steps));
      try (var _ = TensorScope.open(); var _ = Grad.off()) {
        for (var s : slots) {
          Tensor g = Objects.requireNonNull(s.parameter.grad(), "a gradient for every parameter");
          s.m.mulInPlace(0.9).addInPlace(g, 0.1);
          s.v.mulInPlace(0.99).addInPlace(g.square(), 0.01);
          s.parameter.tensor().addInPlace(s.m.div(s.v.sqrt().add(1e-8)), -scale);
        }
      }
    }

    @Override public void close() {
      owner.close();
    }
  }

  @Test void gradientsAreTheSameWithAndWithoutATape() {
    try (var model = model(); var _ = TensorScope.open()) {
      model.requiresGrad(true);
      var batch = copies(new SplittableRandom(7), 3);
      Pass pass = Pass.EMPTY.withKeyMask(Tensor.of(1, 1, 1, 1, 1, 1, 0, 0, 1, 1, 1, 0).view(3, 4).eq(1));
      model.loss(batch.source, batch.target, batch.labels, pass).backward();
      var plain = gradients(model);
      for (boolean checkpoint : new boolean[] {false, true}) {
        model.zeroGrad();
        try (var tape = GradTape.open()) {
          tape.backward(model.loss(batch.source, batch.target, batch.labels, pass.withTape(tape).withCheckpoint(checkpoint)));
        }
        var taped = gradients(model);
        plain.forEach((name, g) -> assertThat(taped.get(name)).as(name).containsExactly(g, within(2e-6f)));
      }
      assertThat(plain).containsKeys("encoder.encoder.layer.0.attention.self.query.weight",
          "decoder.layers.0.cross_attn.k_proj.weight",
          "decoder.layers.0.self_attn.q_proj.weight", "decoder.norm.weight");
      assertThat(largest(plain.get("encoder.encoder.layer.0.attention.self.value.weight"))).isGreaterThan(1e-4);
      model.zeroGrad();
    }
  }

  private static double largest(float @Nullable [] values) {
    double most = 0;
    for (float v : Objects.requireNonNull(values)) {
      most = Math.max(most, Math.abs(v));
    }
    return most;
  }

  private static Map<String, float[]> gradients(EncoderDecoder model) {
    var map = new LinkedHashMap<String, float[]>();
    model.weights().forEach((name, w) -> map.put(name, Objects.requireNonNull(w.grad(), name).toFloats()));
    return map;
  }

  @Test void targetsSeeTheSourceButNotTheirFutureNorPadding() {
    try (var model = model(); var _ = TensorScope.open(); var _ = Grad.off()) {
      Tensor source = Tensor.of(4, 5, 6).view(1, 3);
      float[] scores = model.logits(source, Tensor.of(START, 4, 5).view(1, 3), Pass.EMPTY).toFloats();
      float[] future = model.logits(source, Tensor.of(START, 4, 9).view(1, 3), Pass.EMPTY).toFloats();
      for (int i = 0; i < 2 * VOCAB; i++) {
        assertThat(future[i]).isCloseTo(scores[i], within(1e-5f));
      }
      float[] other = model.logits(Tensor.of(4, 5, 7).view(1, 3), Tensor.of(START, 4, 5).view(1, 3), Pass.EMPTY).toFloats();
      assertThat(other[0]).isNotCloseTo(scores[0], within(1e-4f));
      Pass padded = Pass.EMPTY.withKeyMask(Tensor.of(1, 1, 1, 0, 0).view(1, 5).eq(1));
      float[] same = model.logits(Tensor.of(4, 5, 6, 8, 8).view(1, 5), Tensor.of(START, 4, 5).view(1, 3), padded).toFloats();
      assertThat(same).containsExactly(scores, within(1e-5f));
    }
  }

  @Test void greedyWithACacheEqualsGreedyWithout() {
    try (var model = model(); var _ = TensorScope.open(); var _ = Grad.off()) {
      Tensor source = Tensor.of(4, 5, 6, 9, 3, PAD).view(2, 3);
      Pass pass = Pass.EMPTY.withKeyMask(source.eq(PAD).not());
      var written = model.greedy(source, pass, START, -1, 6);
      for (int r = 0; r < 2; r++) {
        var row = new long[7];
        row[0] = START;
        Pass own = Pass.EMPTY.withKeyMask(source.narrow(0, r, 1).eq(PAD).not());
        for (int t = 0; t < 6; t++) {
          Tensor scores = model.logits(source.narrow(0, r, 1), Tensor.of(Arrays.copyOf(row, t + 1)).view(1, t + 1), own);
          row[t + 1] = scores.select(1, t).argMax(-1).itemLong();
        }
        assertThat(written.get(r)).containsExactly(Arrays.copyOfRange(row, 1, 7));
      }
    }
  }

  @Test void impossibleShapesAndLongTargetsAreRefused() {
    var causal = CONFIG.self();
    assertThatThrownBy(() -> new EncoderDecoderConfig(ENCODER, 1, causal, causal, CONFIG.feedForward(), CONFIG.norm(), 8))
        .isInstanceOf(IllegalArgumentException.class).hasMessageContaining("cross-attention")
            .hasMessageContaining("Span.BIDIRECTIONAL");
    var blind = causal.withSpan(AttentionConfig.Span.BIDIRECTIONAL);
    assertThatThrownBy(() -> new EncoderDecoderConfig(ENCODER, 1, blind, CONFIG.cross(), CONFIG.feedForward(), CONFIG.norm(), 8))
        .hasMessageContaining("must be causal");
    try (var model = model(); var _ = TensorScope.open()) {
      assertThatThrownBy(() -> model.greedy(Tensor.of(4, 5).view(1, 2), Pass.EMPTY, START, -1, 9))
          .isInstanceOf(IllegalArgumentException.class).hasMessageContaining("9 tokens").hasMessageContaining("allows 8");
    }
  }
}
