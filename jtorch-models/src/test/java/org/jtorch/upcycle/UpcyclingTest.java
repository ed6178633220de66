package org.jtorch.upcycle;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.within;

import com.google.errorprone.annotations.MustBeClosed;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.function.UnaryOperator;
import java.util.stream.IntStream;
import org.jtorch.attention.AttentionConfig.Gqa;
import org.jtorch.attention.AttentionConfig.QkNorm;
import org.jtorch.attention.AttentionConfig.Span;
import org.jtorch.attention.Rope;
import org.jtorch.attention.RopeScaling;
import org.jtorch.decoder.BlockConfig;
import org.jtorch.decoder.Decoder;
import org.jtorch.decoder.DecoderConfig;
import org.jtorch.family.Pretrained;
import org.jtorch.family.Qwen2;
import org.jtorch.ffn.Activation;
import org.jtorch.ffn.FeedForwardConfig;
import org.jtorch.ffn.FeedForwardConfig.Experts;
import org.jtorch.ffn.FeedForwardConfig.Gated;
import org.jtorch.ffn.FeedForwardConfig.Names;
import org.jtorch.ffn.GatedMlp;
import org.jtorch.ffn.MixtureOfExperts;
import org.jtorch.nn.Init;
import org.jtorch.nn.Module;
import org.jtorch.nn.NormConfig;
import org.jtorch.nn.SoftCap;
import org.jtorch.nn.Pass;
import org.jtorch.tensor.DType;
import org.jtorch.tensor.Device;
import org.jtorch.tensor.Grad;
import org.jtorch.tensor.Ops;
import org.jtorch.tensor.Rng;
import org.jtorch.tensor.Tensor;
import org.jtorch.tensor.TensorScope;
import org.jtorch.upcycle.Upcycling.Unit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/// What a model upcycled as in arXiv:2407.10671, section 2.2.2, shares with the dense one, and what it does not.
class UpcyclingTest {
  private static final int DIM = 16;
  private static final int WIDE = 24;
  private static final DecoderConfig DENSE = Qwen2.shape(31, DIM, WIDE, 2, 2, 1, 8, 64, new Rope(10_000, RopeScaling.NONE), true);
  private static final String MLP = "model.layers.1.mlp.";

  @AfterEach void nothingLives() {
    assertThat(TensorScope.stats().live()).isZero();
  }

  @MustBeClosed
  @SuppressWarnings("MustBeClosedChecker")     // ownership passes to the caller
  private static Decoder dense(DType dtype) {
    return Decoder.create(DENSE, Device.CPU, dtype, Rng.of(2));
  }

  private static Tensor weight(Module model, String name) {
    return Objects.requireNonNull(model.weights().get(name), name).view();
  }

  private static Tensor input() {
    return Rng.of(9).normal(0, 1, DType.F64, Device.CPU, 2, 7, DIM);
  }

  /// The dense layer of the second block, alone.
  private static Tensor dense(Decoder model, Tensor x) {
    try (var scope = TensorScope.open(); var alone = new GatedMlp(new Gated(WIDE, Activation.SILU, false), DIM, new Init.Normal(1))) {
      alone.initialize(Device.CPU, DType.F64, Rng.of(0));
      alone.weights().forEach((name, w) -> w.view().copyInPlace(weight(model, MLP + name)));
      return scope.promote(alone.apply(x));
    }
  }

  /// The experts of the second block, alone, weighted equally: the router is zeroed.
  private static Tensor mixture(Decoder model, Tensor x) {
    var config = (Experts) model.config().blocks().get(1).feedForward();
    try (var scope = TensorScope.open(); var alone = new MixtureOfExperts(config, DIM, 0, new Init.Normal(1))) {
      alone.initialize(Device.CPU, DType.F64, Rng.of(0));
      alone.weights().forEach((name, w) -> w.view().copyInPlace(weight(model, MLP + name)));
      weight(alone, "gate.weight").zeroInPlace();
      return scope.promote(alone.apply(x));
    }
  }

  @Test void slicesOfCopiesAddUpToTheCopies() {
    for (boolean shuffle : new boolean[] {false, true}) {        // 6 experts of 8 neurons are 2 copies of 24
      var how = Upcycling.of(6, 6, 8, 0).withNormalize(true).withFresh(0, Unit.ELEMENT).withShuffle(shuffle);
      assertThat(Upcycling.copies(6 * 8, WIDE)).isEqualTo(2);
      try (var dense = dense(DType.F64); var experts = how.apply(dense, 1); var _ = TensorScope.open(); var _ = Grad.off()) {
        double[] expected = dense(dense, input()).mul(2.0 / 6).toDoubles();
        assertThat(mixture(experts, input()).toDoubles()).containsExactly(expected, within(1e-12));
      }
    }
  }

  @Test void aShuffledCopyIsTheDenseLayer() {
    var how = Upcycling.of(1, 1, WIDE, 0).withFresh(0, Unit.ELEMENT);
    try (var dense = dense(DType.F64); var experts = how.apply(dense, 1); var _ = TensorScope.open(); var _ = Grad.off()) {
      double[] kept = weight(dense, MLP + "gate_proj.weight").toDoubles();
      assertThat(weight(experts, MLP + "experts.0.gate_proj.weight").toDoubles()).isNotEqualTo(kept)
          .containsExactlyInAnyOrder(kept);
      assertThat(mixture(experts, input()).toDoubles()).containsExactly(dense(dense, input()).toDoubles(), within(1e-12));
      Tensor ids = Tensor.of(1L, 5, 9, 30).view(1, 4);
      double[] logits = dense.apply(ids, Pass.EMPTY).toDoubles();
      assertThat(experts.apply(ids, Pass.EMPTY).toDoubles()).containsExactly(logits, within(1e-12));
    }
  }

  @Test void copiesArePermutedIndependentlyAndTheRemainderIsDropped() {
    var how = Upcycling.of(64, 8, 2_560, 20_480);
    assertThat(Upcycling.copies(64L * 2_560, 18_944)).isEqualTo(9);
    long[] all = how.neurons(64L * 2_560, 18_944, Rng.of(3));
    assertThat(all).hasSize(163_840);
    long[] first = Arrays.copyOfRange(all, 0, 18_944);
    long[] second = Arrays.copyOfRange(all, 18_944, 2 * 18_944);
    assertThat(Arrays.stream(first).sorted().toArray()).isEqualTo(IntStream.range(0, 18_944).asLongStream().toArray());
    assertThat(Arrays.stream(second).sorted().toArray()).isEqualTo(Arrays.stream(first).sorted().toArray());
    assertThat(second).isNotEqualTo(first);
  }

  @ParameterizedTest @EnumSource(Unit.class) void halfOfEachExpertBeginsAnew(Unit unit) {
    var how = Upcycling.of(8, 2, 24, 32).withShuffle(false).withFresh(0.5, unit).withStd(5);
    try (var dense = dense(DType.F32); var experts = how.apply(dense, 7); var _ = TensorScope.open()) {
      double[] kept = weight(dense, MLP + "gate_proj.weight").toDoubles();
      int fresh = 0;
      for (int e = 0; e < 8; e++) {
        double[] now = weight(experts, MLP + "experts." + e + ".gate_proj.weight").toDoubles();
        var changed = IntStream.range(0, kept.length).filter(i -> now[i] != kept[i]).boxed().toList();
        fresh += changed.size();
        if (unit == Unit.NEURON) {
          assertThat(changed).allMatch(i -> changed.containsAll(IntStream.range(i / DIM * DIM, i / DIM * DIM + DIM).boxed().toList()));
        }
      }
      double draws = unit == Unit.NEURON ? 8 * 24 : 8.0 * 24 * DIM;
      assertThat(fresh / (8.0 * kept.length)).isCloseTo(0.5, within(3 * 0.5 / Math.sqrt(draws)));
    }
  }

  @Test void aNeuronBeginsAnewAsAWhole() {
    var how = Upcycling.of(1, 1, WIDE, 0).withShuffle(false).withFresh(0.5, Unit.NEURON);
    try (var dense = dense(DType.F32); var experts = how.apply(dense, 7); var _ = TensorScope.open()) {
      for (String part : new String[] {"gate_proj", "up_proj", "down_proj"}) {
        boolean columns = part.equals("down_proj");
        Tensor change = weight(experts, MLP + "experts.0." + part + ".weight").sub(weight(dense, MLP + part + ".weight")).abs();
        double[] perNeuron = change.sum(columns ? 0 : 1, false).toDoubles();
        double[] gate = weight(experts, MLP + "experts.0.gate_proj.weight").sub(weight(dense, MLP + "gate_proj.weight")).abs()
            .sum(1, false).toDoubles();
        for (int i = 0; i < WIDE; i++) {
          assertThat(perNeuron[i] == 0).as("%s of neuron %d", part, i).isEqualTo(gate[i] == 0);
        }
      }
    }
  }

  @Test void theSeedDecides() {
    var how = Upcycling.of(4, 2, 10, 20);
    try (var dense = dense(DType.BF16); var a = how.apply(dense, 1); var b = how.apply(dense, 1); var c = how.apply(dense, 2);
         var _ = TensorScope.open()) {
      assertThat(a.dtype()).isEqualTo(DType.BF16);
      a.weights().forEach((name, w) -> {
        double[] mine = w.view().to(DType.F64).toDoubles();
        assertThat(weight(b, name).to(DType.F64).toDoubles()).as(name).isEqualTo(mine);
        boolean copied = dense.weights().containsKey(name);
        assertThat(Arrays.equals(weight(c, name).to(DType.F64).toDoubles(), mine)).as(name).isEqualTo(copied);
      });
    }
  }

  @Test void theResultSavesAndLoads(@TempDir Path folder) {
    var how = Upcycling.of(4, 2, 10, 20);
    try (var dense = dense(DType.F32); var experts = how.apply(dense, 1)) {
      Pretrained.save(experts, folder, DType.F32, null);
      assertThat(Pretrained.config(folder).blocks()).last().extracting(b -> b.feedForward())
          .isEqualTo(experts.config().blocks().getLast().feedForward());
      try (var again = Pretrained.load(folder, Device.CPU, null); var _ = TensorScope.open(); var _ = Grad.off()) {
        Tensor ids = Ops.of(new long[] {1, 2, 3}, Device.CPU, 1, 3);
        assertThat(again.apply(ids, Pass.EMPTY).toDoubles()).isEqualTo(experts.apply(ids, Pass.EMPTY).toDoubles());
      }
    }
  }

  @Test void wrongSettingsAreNamed() {
    assertThatIllegalArgumentException().isThrownBy(() -> Upcycling.of(4, 5, 8, 0)).withMessageContaining("`num_experts_per_tok` (5)");
    assertThatIllegalArgumentException().isThrownBy(() -> Upcycling.of(4, 2, 8, 0).withFresh(1.5, Unit.ELEMENT))
        .withMessageContaining("`fresh`");
    FeedForwardConfig experts = new Experts(4, 2, 8, Activation.SILU, true, 0, 0, Names.QWEN);
    var block = new BlockConfig(DENSE.blocks().getFirst().attention(), experts);
    assertThatIllegalArgumentException().isThrownBy(() -> Upcycling.of(4, 2, 8, 0).config(DENSE.withBlocks(List.of(block))))
        .withMessageContaining("not SwiGLU");
    assertThatIllegalArgumentException().isThrownBy(() -> Upcycling.of(4, 2, 8, 0).config(DENSE.withEmbeddingScale(2)))
        .withMessageContaining("embedding scale");
    refused(a -> a.withQkNorm(new QkNorm.BeforeRope(1e-6)), "norms of q and k");
    refused(a -> a.withCap(new SoftCap(50)), "a cap on its scores");
    refused(a -> a.withScale(0.1), "another scale");
    refused(a -> a.withRope(null), "no rotary positions");
    refused(a -> a.withSpan(new Span.DualChunk(32, 24)), "DualChunk");
    refused(a -> new Gqa(2, 1, 8, true, true, a.rope(), a.span()), "output projection");
    assertThatIllegalArgumentException().isThrownBy(() -> Upcycling.of(4, 2, 8, 8).config(DENSE.withNorm(new NormConfig.LayerNorm(1e-6))))
        .withMessageContaining("RMSNorm");
  }

  private static void refused(UnaryOperator<Gqa> change, String what) {
    var block = DENSE.blocks().getFirst();
    var changed = DENSE.withBlocks(List.of(new BlockConfig(change.apply((Gqa) block.attention()), block.feedForward())));
    assertThatIllegalArgumentException().isThrownBy(() -> Upcycling.of(4, 2, 8, 8).config(changed)).withMessageContaining(what);
  }

  @Test void noFileHoldsAMixtureWithoutASharedExpert(@TempDir Path folder) {
    try (var dense = dense(DType.F32); var experts = Upcycling.of(4, 2, 10, 0).apply(dense, 1)) {
      assertThatIllegalArgumentException().isThrownBy(() -> Pretrained.save(experts, folder, DType.F32, null))
          .withMessageContaining("shared expert");
      assertThat(folder).isEmptyDirectory();
    }
  }
}
