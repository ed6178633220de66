package org.jtorch.adapter;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Objects;
import java.util.stream.LongStream;
import org.jtorch.adapter.Small.Way;
import org.jtorch.attention.AttentionConfig.Gqa;
import org.jtorch.attention.AttentionConfig.Span;
import org.jtorch.attention.Rope;
import org.jtorch.decoder.BlockConfig;
import org.jtorch.decoder.Decoder;
import org.jtorch.family.Llama;
import org.jtorch.generate.Generator;
import org.jtorch.generate.Options;
import org.jtorch.io.DataException;
import org.jtorch.nn.Frozen;
import org.jtorch.nn.Module;
import org.jtorch.nn.Pass;
import org.jtorch.tensor.DType;
import org.jtorch.tensor.Device;
import org.jtorch.tensor.Grad;
import org.jtorch.tensor.Ops;
import org.jtorch.tensor.Rng;
import org.jtorch.tensor.Tensor;
import org.jtorch.tensor.TensorScope;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PromptTest {
  private static final int N = 3;

  @TempDir Path temp = Path.of("");

  @AfterEach void nothingLives() {
    assertThat(TensorScope.stats().live()).isZero();
  }

  @Test void virtualTokensAreRowsBehindTheTable() {
    var rope = Objects.requireNonNull(((Gqa) Small.SHAPE.blocks().getFirst().attention()).rope());
    try (var model = Small.model(DType.F64);
         var longer = new Decoder(Llama.shape(Small.VOCAB + N, 16, 32, 2, 2, 1, 8, 32, rope, 1e-5, false));
         var tokens = VirtualTokens.pTuning(model, N, 7, Rng.of(4)); var _ = TensorScope.open(); var _ = Grad.off()) {
      longer.allocate((_, shape) -> Ops.zeros(DType.F64, Device.CPU, shape));
      longer.weights().forEach((name, w) -> {
        var from = Objects.requireNonNull(model.weights().get(name)).view().detach();
        w.view().narrow(0, 0, from.size(0)).copyInPlace(from);
      });
      Objects.requireNonNull(longer.weights().get("model.embed_tokens.weight")).view().narrow(0, Small.VOCAB, N).copyInPlace(tokens.rows());
      Tensor ids = tokens.prepend(Small.ids());
      assertThat(ids.shape()).containsExactly(2, N + 9);
      assertThat(ids.select(0, 1).narrow(0, 0, N).toLongs()).isEqualTo(tokens.ids());
      double[] expected = longer.apply(ids, Pass.EMPTY).narrow(2, 0, Small.VOCAB).contiguous().toDoubles();
      assertThat(Small.distance(model.apply(ids, Pass.EMPTY).toDoubles(), expected)).isLessThan(1e-12);
      assertThat(model.inputIds()).isEqualTo(Small.VOCAB + N);
      assertThat(tokens.prependLabels(Small.ids()).select(0, 0).toLongs()).startsWith(-100, -100, -100, 0);
    }
  }

  @Test void generatorsTakeVirtualTokensInPrompts() {
    try (var model = Small.model(DType.F32); var tokens = VirtualTokens.promptTuning(model, N, Rng.of(4))) {
      tokens.requiresGrad(false);
      var prompt = LongStream.concat(Arrays.stream(tokens.ids()), LongStream.of(5, 6)).toArray();
      var made = new Generator(model).generate(List.of(prompt), Options.greedy(4)).getFirst();
      var row = Arrays.copyOf(prompt, prompt.length + 4);
      try (var _ = TensorScope.open(); var _ = Grad.off()) {
        for (int at = prompt.length; at < row.length; at++) {
          Tensor ids = Ops.of(Arrays.copyOf(row, at), Device.CPU, 1, at);
          row[at] = model.apply(ids, Pass.EMPTY).select(1, at - 1L).argMax(1).itemLong();
        }
      }
      assertThat(made).endsWith(Arrays.copyOfRange(row, prompt.length, row.length));
      assertThatIllegalArgumentException().isThrownBy(() -> new Generator(model).generate(
          List.of(new long[] {Small.VOCAB + N}), Options.greedy(1))).withMessageContaining("token id " + (Small.VOCAB + N));
    }
  }

  /// The networks of prompts run once for all passes that share a [Frozen], and again for others.
  @Test void networksRunOnceWhileWeightsAreFrozen() {
    try (var model = Small.model(DType.F32); var tokens = VirtualTokens.pTuning(model, N, 7, Rng.of(4));
         var prefix = PrefixTuning.apply(model, N, 5, Rng.of(6)); var _ = TensorScope.open(); var _ = Grad.off()) {
      Tensor ids = tokens.prepend(Small.ids());
      double[] plain = model.apply(ids, Pass.EMPTY).toDoubles();
      try (var frozen = new Frozen(0)) {
        var pass = Pass.EMPTY.withFrozen(frozen);
        assertThat(model.apply(ids, pass).toDoubles()).isEqualTo(plain);
        tokens.parameters().getFirst().tensor().mulInPlace(2);          // against the promise, to see what is computed again
        prefix.parameters().getFirst().tensor().mulInPlace(2);
        assertThat(model.apply(ids, pass).toDoubles()).isEqualTo(plain);
        assertThat(Small.distance(model.apply(ids, Pass.EMPTY).toDoubles(), plain)).isGreaterThan(1e-3);
        assertThat(frozen.packedBytes()).isZero();
      }
      try (var frozen = new Frozen(2)) {
        var pass = Pass.EMPTY.withFrozen(frozen);
        double[] packed = model.apply(ids, pass).toDoubles();
        assertThat(Small.distance(packed, model.apply(ids, Pass.EMPTY).toDoubles())).isLessThan(1e-5);
        assertThat(frozen.packedBytes()).isPositive();
      }
    }
  }

  @Test void onlyThePromptHasGradientsAndTheyAreThoseOfFiniteDifferences() {
    try (var model = Small.model(DType.F64); var tokens = VirtualTokens.pTuning(model, N, 7, Rng.of(4))) {
      same(model, tokens, 7);
      assertThat(tokens.parameterCount()).isEqualTo(N * 16 + (16 * 7 + 7) + (7 * 7 + 7) + (7 * 16 + 16));
    }
    for (int hidden : new int[] {0, 5}) {
      try (var model = Small.model(DType.F64); var prefix = PrefixTuning.apply(model, N, hidden, Rng.of(4))) {
        same(model, prefix, hidden == 0 ? 2 : 3 + 2 * 2);
      }
    }
  }

  private static void same(Decoder model, Module trained, int parameters) {
    var expected = gradients(model, trained, Way.AUTOGRAD);
    assertThat(expected).hasSize(parameters);
    assertThat(Small.distance(expected, gradients(model, trained, Way.TAPE))).isLessThan(1e-9);
    assertThat(Small.distance(expected, gradients(model, trained, Way.CHECKPOINTED))).isLessThan(1e-9);
    trained.weights().forEach((name, w) -> {
      try (var _ = TensorScope.open(); var _ = Grad.off()) {
        Tensor one = w.view().view(-1).narrow(0, 1, 1);
        double h = 1e-5;
        one.addInPlace(Ops.full(h, DType.F64, Device.CPU, 1));
        double up = loss(model, trained, Pass.EMPTY).item();
        one.addInPlace(Ops.full(-2 * h, DType.F64, Device.CPU, 1));
        double slope = (up - loss(model, trained, Pass.EMPTY).item()) / (2 * h);
        one.addInPlace(Ops.full(h, DType.F64, Device.CPU, 1));
        assertThat(Objects.requireNonNull(expected.get(name))[1]).as(name).isCloseTo(slope, within(1e-6));
      }
    });
  }

  private static Tensor loss(Decoder model, Module trained, Pass pass) {
    Tensor ids = trained instanceof VirtualTokens v ? v.prepend(Small.ids()) : Small.ids();
    Tensor labels = trained instanceof VirtualTokens v ? v.prependLabels(Small.ids()) : Small.ids();
    long t = ids.size(1) - 1;
    return Ops.crossEntropy(model.apply(ids, pass).narrow(1, 0, t).reshape(-1, Small.VOCAB), labels.narrow(1, 1, t).reshape(-1));
  }

  private static LinkedHashMap<String, double[]> gradients(Decoder model, Module trained, Way way) {
    try (var _ = TensorScope.open()) {
      if (way == Way.AUTOGRAD) {
        loss(model, trained, Pass.EMPTY).backward();
      } else {
        try (var tape = org.jtorch.tensor.GradTape.open()) {
          tape.backward(loss(model, trained, Pass.training(tape).withCheckpoint(way == Way.CHECKPOINTED)));
        }
      }
      assertThat(model.parameters()).allMatch(p -> p.grad() == null);
      var map = new LinkedHashMap<String, double[]>();
      trained.weights().forEach((name, w) -> map.put(name, Objects.requireNonNull(w.grad(), name).toDoubles()));
      trained.zeroGrad();
      return map;
    }
  }

  /// Keys and values of three tokens as a prefix: what follows is as if the tokens stood there.
  @Test void aPrefixTakenFromATextIsThatText() {
    try (var model = Small.model(DType.F64); var prefix = PrefixTuning.apply(model, N, 0, Rng.of(4));
         var _ = TensorScope.open(); var _ = Grad.off()) {
      Tensor ids = Small.ids().narrow(0, 0, 1);
      var parameters = prefix.parameters();
      Tensor hidden = model.hidden(ids, Pass.EMPTY.withAdapters(false), null, (i, x) -> {
        if (i < 2) {
          parameters.get(i).tensor().copyInPlace(keysAndValues(model, i, x.narrow(1, 0, N)));
        }
      });
      double[] expected = model.logits(hidden).narrow(1, N, 9 - N).contiguous().toDoubles();
      Tensor rest = ids.narrow(1, N, 9 - N);
      assertThat(Small.distance(model.apply(rest, Pass.EMPTY).toDoubles(), expected)).isLessThan(1e-5);   // tables are float32
      assertThat(Small.distance(model.apply(rest, Pass.EMPTY.withAdapters(false)).toDoubles(), expected)).isGreaterThan(1e-2);
    }
  }

  /// x: input of a layer, `[1, n, C]`; result `[n, 2 G D]` with keys rotated from position 0 on.
  private static Tensor keysAndValues(Decoder model, int layer, Tensor x) {
    String name = "model.layers." + layer + ".";
    Tensor normed = x.mul(x.square().mean(-1, true).add(1e-5).rsqrt()).mul(weight(model, name + "input_layernorm"));
    Tensor k = Ops.linear(normed, weight(model, name + "self_attn.k_proj"), null).view(1, N, 1, 8);
    Tensor v = Ops.linear(normed, weight(model, name + "self_attn.v_proj"), null);
    var rope = Objects.requireNonNull(((Gqa) Small.SHAPE.blocks().getFirst().attention()).rope());
    var tables = rope.tables(Ops.arange(0, N, Device.CPU).view(1, N), 8, N);
    return Ops.cat(1, Rope.rotate(k, tables).view(N, 8), v.view(N, 8));
  }

  private static Tensor weight(Decoder model, String name) {
    return Objects.requireNonNull(model.weights().get(name + ".weight")).view();
  }

  @Test void aPrefixIsSeenPastAnyWindowAndWithTheCacheToo() {
    for (Span span : new Span[] {Span.FULL, new Span.Sliding(2)}) {
      try (var model = sliding(span); var prefix = PrefixTuning.apply(model, N, 0, Rng.of(4));
           var _ = TensorScope.open(); var _ = Grad.off()) {
        Tensor ids = Small.ids();
        double[] before = model.apply(ids, Pass.EMPTY).toDoubles();
        double[] stepwise = stepwise(model, ids);
        assertThat(Small.distance(stepwise, before)).isLessThan(1e-5);
        double[] last = model.apply(ids, Pass.EMPTY).select(1, 8).toDoubles();
        prefix.parameters().getLast().tensor().narrow(1, 8, 8).zeroInPlace();             // values of the last layer
        double[] zero = model.apply(ids, Pass.EMPTY).select(1, 8).toDoubles();
        assertThat(Small.distance(zero, last)).as("the last query sees the prefix").isGreaterThan(1e-3);
        prefix.parameters().forEach(p -> p.tensor().zeroInPlace());
        double[] mass = model.apply(ids, Pass.EMPTY).select(1, 8).toDoubles();
        double[] without = model.apply(ids, Pass.EMPTY.withAdapters(false)).select(1, 8).toDoubles();
        assertThat(Small.distance(mass, without)).as("zeros take their share of the softmax").isGreaterThan(1e-3);
      }
    }
  }

  @SuppressWarnings("MustBeClosedChecker")     // ownership passes to the caller
  private static Decoder sliding(Span span) {
    var block = Small.SHAPE.blocks().getFirst();
    var blocks = java.util.Collections.nCopies(2, new BlockConfig(((Gqa) block.attention()).withSpan(span), block.feedForward()));
    var c = Small.SHAPE;
    var model = Decoder.create(new org.jtorch.decoder.DecoderConfig(c.family(), c.vocab(), c.dim(), c.maxPositions(), 1e-5, false, 0.2,
        blocks), Device.CPU, DType.F32, Rng.of(3));
    return model;
  }

  private static double[] stepwise(Decoder model, Tensor ids) {
    var parts = new ArrayList<Tensor>();
    try (var cache = model.cache(2, 9)) {
      parts.add(model.hidden(ids.narrow(1, 0, 4), Pass.EMPTY, cache));
      for (int t = 4; t < 9; t++) {
        parts.add(model.hidden(ids.narrow(1, t, 1), Pass.EMPTY, cache));
      }
      return model.logits(Ops.cat(1, parts.toArray(Tensor[]::new))).toDoubles();
    }
  }

  @SuppressWarnings("MustBeClosedChecker")     // it throws
  @Test void whatWasSavedLoadsWithoutItsNetwork() {
    try (var model = Small.model(DType.F32)) {
      double[] virtual;
      double[] prefixed;
      try (var tokens = VirtualTokens.pTuning(model, N, 7, Rng.of(4)); var _ = TensorScope.open(); var _ = Grad.off()) {
        tokens.save(temp.resolve("virtual"), "base");
        virtual = model.apply(tokens.prepend(Small.ids()), Pass.EMPTY).toDoubles();
      }
      try (var prefix = PrefixTuning.apply(model, N, 5, Rng.of(4))) {
        prefix.save(temp.resolve("prefix"), "base");
        prefixed = Small.logits(model, true);
      }
      try (var tokens = VirtualTokens.load(model, temp.resolve("virtual")); var _ = TensorScope.open(); var _ = Grad.off()) {
        assertThat(tokens.parameterCount()).isEqualTo(N * 16);
        assertThat(Small.distance(model.apply(tokens.prepend(Small.ids()), Pass.EMPTY).toDoubles(), virtual)).isLessThan(1e-5);
      }
      try (var prefix = PrefixTuning.load(model, temp.resolve("prefix"))) {
        assertThat(prefix.parameterCount()).isEqualTo(N * 2 * 2 * 8);
        assertThat(Small.distance(Small.logits(model, true), prefixed)).isLessThan(1e-5);
        assertThatIllegalStateException().isThrownBy(() -> PrefixTuning.apply(model, N, 0, Rng.of(1)).close());
      }
      assertThatThrownBy(() -> Lora.load(model, temp.resolve("prefix")).close()).isInstanceOf(DataException.class)
          .hasMessageContaining("PREFIX_TUNING").hasMessageContaining("PrefixTuning");
      assertThatThrownBy(() -> VirtualTokens.load(model, temp.resolve("prefix")).close()).isInstanceOf(DataException.class)
          .hasMessageContaining("peft_type").hasMessageContaining("P_TUNING or PROMPT_TUNING");
    }
    try (var other = Decoder.create(Llama.TINY, Device.CPU, DType.F32, Rng.of(1))) {
      assertThatThrownBy(() -> PrefixTuning.load(other, temp.resolve("prefix")).close()).isInstanceOf(DataException.class)
          .hasMessageContaining("prompt_embeddings should be [3, 512] but is [3, 32]").hasMessageContaining("base");
    }
  }

  @SuppressWarnings("MustBeClosedChecker")     // it throws
  @Test void mistakesAreNamed() {
    try (var model = Small.model(DType.F32)) {
      assertThatIllegalArgumentException().isThrownBy(() -> VirtualTokens.promptTuning(model, 0, Rng.of(1)).close())
          .withMessageContaining("num_virtual_tokens");
      assertThatIllegalArgumentException().isThrownBy(() -> VirtualTokens.pTuning(model, 3, 0, Rng.of(1)).close())
          .withMessageContaining("encoder_hidden_size");
      assertThatIllegalArgumentException().isThrownBy(() -> PrefixTuning.apply(model, 0, 0, Rng.of(1)).close())
          .withMessageContaining("num_virtual_tokens");
    }
  }
}
