package org.jtorch.gguf;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import com.google.errorprone.annotations.MustBeClosed;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Objects;
import org.jtorch.attention.AttentionConfig.Gqa;
import org.jtorch.attention.AttentionConfig.QkNorm;
import org.jtorch.attention.AttentionConfig.Span;
import org.jtorch.attention.Rope;
import org.jtorch.attention.RopeScaling;
import org.jtorch.decoder.BlockConfig;
import org.jtorch.decoder.Decoder;
import org.jtorch.decoder.DecoderConfig;
import org.jtorch.decoder.Residual;
import org.jtorch.family.Llama;
import org.jtorch.ffn.Activation;
import org.jtorch.ffn.FeedForwardConfig;
import org.jtorch.ffn.FeedForwardConfig.Experts;
import org.jtorch.ffn.FeedForwardConfig.Gated;
import org.jtorch.ffn.FeedForwardConfig.Names;
import org.jtorch.io.DataException;
import org.jtorch.nn.Init;
import org.jtorch.nn.NormConfig;
import org.jtorch.nn.SoftCap;
import org.jtorch.tensor.DType;
import org.jtorch.tensor.Device;
import org.jtorch.tensor.Rng;
import org.jtorch.tensor.TensorScope;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

class GgufExportTest {
  private static final Rope ROPE = new Rope(10_000, RopeScaling.NONE);
  private static final FeedForwardConfig GATED = new Gated(64, Activation.SILU, false);

  @TempDir Path folder;
  private List<String> notes = List.of();

  @AfterEach void nothingLives() {
    assertThat(TensorScope.stats().live()).isZero();
  }

  private static DecoderConfig llama(RopeScaling scaling) {
    return Llama.shape(40, 32, 64, 2, 4, 2, 8, 64, new Rope(500_000, scaling), 1e-5, false);
  }

  private static DecoderConfig config(String family, Gqa attention, FeedForwardConfig ffn) {
    return new DecoderConfig(family, 40, 32, 64, 1e-6, true, 0.02, Collections.nCopies(2, new BlockConfig(attention, ffn)));
  }

  private static DecoderConfig gemma(double scale) {
    var attention = new Gqa(4, 2, 8, false, false, ROPE, Span.FULL).withScale(scale).withCap(new SoftCap(50));
    var ffn = new Gated(64, Activation.GELU_TANH, false);
    return new DecoderConfig("gemma2", 40, 32, 64, new NormConfig.RmsPlusOne(1e-6), true, new Init.Normal(0.02), Math.sqrt(32),
        new SoftCap(30), List.of(new BlockConfig(attention.withSpan(new Span.Sliding(16)), ffn, Residual.SANDWICH),
            new BlockConfig(attention, ffn, Residual.SANDWICH)));
  }

  private static Gqa biased() {
    return new Gqa(4, 2, 8, true, false, ROPE, Span.FULL);
  }

  @MustBeClosed
  private static Decoder model(DecoderConfig config) {
    return Decoder.create(config, Device.CPU, DType.F32, Rng.of(5));
  }

  private GgufReader export(Decoder model, GgufType type) throws IOException {
    Path file = folder.resolve("model.gguf");
    notes = GgufExport.write(model, null, file, type);
    return GgufReader.open(file);
  }

  private static float[] weight(Decoder model, String name) {
    try (var _ = TensorScope.open()) {
      return Objects.requireNonNull(model.weights().get(name), name).view().toFloats();
    }
  }

  @Test void everyWeightHasItsPlaceAndTheMetadataSaysWhatTheModelIs() throws IOException {
    try (var model = model(llama(RopeScaling.NONE))) {
      var file = export(model, GgufType.F32);
      assertThat(file.metadata).containsEntry("general.architecture", "llama").containsEntry("general.file_type", 0)
          .containsEntry("llama.block_count", 2).containsEntry("llama.context_length", 64).containsEntry("llama.embedding_length", 32)
          .containsEntry("llama.feed_forward_length", 64).containsEntry("llama.attention.head_count", 4)
          .containsEntry("llama.attention.head_count_kv", 2).containsEntry("llama.attention.layer_norm_rms_epsilon", 1e-5f)
          .containsEntry("llama.rope.dimension_count", 8).containsEntry("llama.rope.freq_base", 500_000f)
          .containsEntry("llama.vocab_size", 40);
      assertThat(file.tensors).hasSize(2 * 9 + 3);
      assertThat(file.tensor("blk.1.ffn_down.weight").dims()).containsExactly(64L, 32L);
      assertThat(file.values("output.weight")).containsExactly(weight(model, "lm_head.weight"));
      assertThat(file.values("blk.1.attn_v.weight")).containsExactly(weight(model, "model.layers.1.self_attn.v_proj.weight"));
      assertThat(file.values("blk.0.ffn_gate.weight")).containsExactly(weight(model, "model.layers.0.mlp.gate_proj.weight"));
      assertThat(notes).isEmpty();
    }
  }

  @Test void theLlamaArchitectureHasPairsNextToEachOther() throws IOException {
    try (var model = model(llama(RopeScaling.NONE))) {
      float[] stored = export(model, GgufType.F32).values("blk.0.attn_k.weight");
      float[] k = weight(model, "model.layers.0.self_attn.k_proj.weight");
      for (int head = 0; head < 2; head++) {
        for (int pair = 0; pair < 4; pair++) {
          for (int c = 0; c < 32; c++) {
            assertThat(stored[(head * 8 + 2 * pair) * 32 + c]).isEqualTo(k[(head * 8 + pair) * 32 + c]);
            assertThat(stored[(head * 8 + 2 * pair + 1) * 32 + c]).isEqualTo(k[(head * 8 + 4 + pair) * 32 + c]);
          }
        }
      }
    }
  }

  @Test void qwenKeepsTheOrderOfRowsAndItsBiases() throws IOException {
    try (var model = model(config("qwen2", biased(), GATED))) {
      var file = export(model, GgufType.F16);
      assertThat(file.tensor("blk.0.attn_q.bias").type()).isZero();
      assertThat(file.tensors).doesNotContainKey("output.weight");
      assertThat(file.values("blk.0.attn_q.weight"))
          .containsExactly(weight(model, "model.layers.0.self_attn.q_proj.weight"), within(1e-4f));
    }
  }

  @ParameterizedTest @EnumSource void everyTypeHoldsTheValuesAsWellAsItCan(GgufType type) throws IOException {
    try (var model = model(llama(RopeScaling.NONE))) {
      var file = export(model, type);
      float[] up = weight(model, "model.layers.0.mlp.up_proj.weight");
      float[] stored = file.values("blk.0.ffn_up.weight");
      assertThat(file.tensor("blk.0.ffn_up.weight").type()).isEqualTo(type.code);
      assertThat(file.tensor("blk.0.attn_norm.weight").type()).isZero();
      for (int block = 0; block < up.length; block += 32) {
        float max = 0;
        for (int i = block; i < block + 32; i++) {
          max = Math.max(max, Math.abs(up[i]));
        }
        for (int i = block; i < block + 32; i++) {
          float step = type == GgufType.Q8_0 ? max / 254 * 1.15f : type == GgufType.F16 ? max / 2048 : 0;
          assertThat(stored[i]).isCloseTo(up[i], within(step));
        }
      }
    }
  }

  @Test void rowsThatBlocksCannotHoldAreF16AndANoteSaysSo() throws IOException {
    var odd = config("qwen2", biased(), new Gated(40, Activation.SILU, false));
    try (var model = model(odd)) {
      var file = export(model, GgufType.Q8_0);
      assertThat(file.tensor("blk.1.ffn_down.weight").type()).isEqualTo(GgufType.F16.code);
      assertThat(file.tensor("blk.1.ffn_up.weight").type()).isEqualTo(GgufType.Q8_0.code);
      assertThat(notes).singleElement().asString().contains("2 tensors", "blk.0.ffn_down.weight");
    }
  }

  @Test void expertsBecomeOneTensorOfThreeDimensions() throws IOException {
    var experts = new Experts(3, 2, 64, Activation.SILU, true, 0, 0, Names.MIXTRAL);
    try (var model = model(config("mixtral", new Gqa(4, 2, 8, false, false, ROPE, Span.FULL), experts))) {
      var file = export(model, GgufType.F32);
      assertThat(file.metadata).containsEntry("llama.expert_count", 3).containsEntry("llama.expert_used_count", 2);
      assertThat(file.tensor("blk.0.ffn_down_exps.weight").dims()).containsExactly(64L, 32L, 3L);
      float[] all = file.values("blk.0.ffn_up_exps.weight");
      assertThat(Arrays.copyOfRange(all, 64 * 32, 2 * 64 * 32))
          .containsExactly(weight(model, "model.layers.0.block_sparse_moe.experts.1.w3.weight"));
      assertThat(file.tensor("blk.0.ffn_gate_inp.weight").dims()).containsExactly(32L, 3L);
    }
  }

  @Test void aSharedExpertHasItsOwnTensors() throws IOException {
    var experts = new Experts(4, 2, 32, Activation.SILU, false, 64, 0, Names.QWEN);
    try (var model = model(config("qwen2_moe", biased(), experts))) {
      var file = export(model, GgufType.Q8_0);
      assertThat(file.metadata).containsEntry("qwen2moe.expert_feed_forward_length", 32)
          .containsEntry("qwen2moe.expert_shared_feed_forward_length", 64);
      assertThat(file.tensor("blk.1.ffn_gate_inp_shexp.weight").dims()).containsExactly(32L);
      assertThat(file.tensor("blk.1.ffn_gate_shexp.weight").type()).isEqualTo(GgufType.Q8_0.code);
      assertThat(file.tensors).containsKey("output.weight");
    }
  }

  @Test void gemmaNormsCountFromZeroInJTorchAndFromOneThere() throws IOException {
    try (var model = model(gemma(1 / Math.sqrt(2)))) {
      var file = export(model, GgufType.F32);
      assertThat(file.values("blk.0.post_ffw_norm.weight")).containsOnly(1f);
      assertThat(file.metadata).containsEntry("gemma2.attention.sliding_window", 16).containsEntry("gemma2.final_logit_softcapping", 30f);
      float[] q = weight(model, "model.layers.0.self_attn.q_proj.weight");
      assertThat(file.values("blk.0.attn_q.weight")[7]).as("llama.cpp scales by 1/sqrt(8): the rest is in q")
          .isCloseTo(2 * q[7], within(1e-7f));
    }
  }

  @Test void llama3ScalingIsATensorOfDivisors() throws IOException {
    try (var model = model(llama(new RopeScaling.Llama3(8, 1, 4, 64)))) {
      float[] divisors = export(model, GgufType.Q8_0).values("rope_freqs.weight");
      assertThat(divisors).hasSize(4);
      assertThat(divisors[0]).isEqualTo(1f);
      assertThat(divisors[3]).isCloseTo(8f, within(1e-6f));
    }
  }

  @ParameterizedTest
  @CsvSource({"afterNorm, the norm of q and k", "dualChunk, attention DualChunk", "family, no architecture for the family",
      "deep, norms placed as Deep"})
  void whatLlamaCppCannotComputeIsRefused(String what, String message) {
    var plain = new Gqa(4, 2, 8, false, false, ROPE, Span.FULL);
    var config = switch (what) {
      case "afterNorm" -> config("qwen3", plain.withQkNorm(new QkNorm.AfterRope(1e-6)), GATED);
      case "dualChunk" -> config("llama", plain.withSpan(new Span.DualChunk(32, 24)), GATED);
      case "family" -> config("bert", plain, GATED);
      default -> config("llama", plain, GATED).withBlocks(List.of(new BlockConfig(plain, GATED, new Residual.Deep(1))));
    };
    try (var model = model(config)) {
      assertThatThrownBy(() -> GgufExport.write(model, null, folder.resolve("no.gguf"), GgufType.F16))
          .isInstanceOf(IllegalArgumentException.class).hasMessageContaining(message);
      assertThat(folder.resolve("no.gguf")).doesNotExist();
    }
  }

  @ParameterizedTest
  @CsvSource({"f16, 65504, ''", "f16, 65519, ''", "f16, -65520, holds -65520.0", "f16, 1e6, holds 1000000.0", "f16, NaN, not a number",
      "q8_0, 8.3e6, ''", "q8_0, -8.4e6, the scale", "q8_0, Infinity, infinities", "f32, 3e38, ''"})
  void valuesBeyondTheTypeAreRefusedAndNothingIsLeft(String type, double value, String refusal) {
    try (var model = model(llama(RopeScaling.NONE)); var _ = TensorScope.open()) {
      Objects.requireNonNull(model.weights().get("lm_head.weight")).view().select(0, 3).fillInPlace(value);
      Path file = folder.resolve("some.gguf");
      if (refusal.isEmpty()) {
        GgufExport.write(model, null, file, GgufType.parse(type));
        assertThat(file).exists();
      } else {
        assertThatThrownBy(() -> GgufExport.write(model, null, file, GgufType.parse(type))).isInstanceOf(DataException.class)
            .hasMessageContaining("output.weight").hasMessageContaining(refusal);
        assertThat(file).doesNotExist();
      }
    }
  }
}
