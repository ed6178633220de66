package org.jtorch.family;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jtorch.attention.AttentionConfig.Gqa;
import org.jtorch.attention.AttentionConfig.QkNorm;
import org.jtorch.attention.AttentionConfig.Span;
import org.jtorch.decoder.BlockConfig;
import org.jtorch.decoder.DecoderConfig;
import org.jtorch.io.DataException;
import org.jtorch.io.JsonFile;
import org.jtorch.nn.Init;
import org.jtorch.nn.SoftCap;
import org.jtorch.tensor.DType;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

/// `config.json` of every family: there and back, and what it may not hold.
class FamilyConfigTest {
  @TempDir Path temp = Path.of("");

  static List<String> presets() {
    return List.copyOf(Families.presets().keySet());
  }

  @ParameterizedTest @MethodSource("presets")
  void whatIsWrittenReadsBack(String name) {
    DecoderConfig config = preset(name).withInit(new Init.Normal(0.02));   // the file knows normal weights only
    DecoderConfig read = Pretrained.configFile(write(config));
    assertThat(read).usingRecursiveComparison().withComparatorForType((a, b) -> Math.abs(a - b) < 1e-12 * Math.abs(b) ? 0 : 1, Double.class)
        .isEqualTo(config);
  }

  @Test void normsAfterTheRotationAreNotGivenOutAsQwen3() {
    assertThat(JsonFile.open(write(Afm.TINY)).requiredString("model_type")).isEqualTo("afm");
    var before = Afm.withNorm(Afm.TINY, new QkNorm.BeforeRope(1e-5));
    assertThat(JsonFile.open(write(before)).requiredString("model_type")).isEqualTo("qwen3");
    assertThat(Pretrained.configFile(write(before)).attention().qkNorm()).isEqualTo(new QkNorm.BeforeRope(1e-5));
  }

  @Test void aWindowThatIsNotInForceIsIgnored() throws IOException {
    Path file = edited(Qwen2.TINY, "\"sliding_window\" : null", "\"sliding_window\" : 5");
    assertThat(Pretrained.configFile(file).attention().span()).isEqualTo(Span.FULL);
  }

  @Test void olderQwenFilesSlideFromMaxWindowLayersOn() {
    var json = (ObjectNode) JsonFile.open(write(Qwen2.TINY)).node();
    json.remove("layer_types");
    json.put("use_sliding_window", true).put("sliding_window", 9).put("max_window_layers", 3);
    Path file = temp.resolve("config.json");
    JsonFile.write(file, json);
    assertThat(Pretrained.configFile(file).attentions().stream().map(a -> ((Gqa) a).span()))
        .containsExactly(Span.FULL, Span.FULL, Span.FULL, new Span.Sliding(9));
  }

  @Test void dualChunksTravelInTheFile() {
    var chunks = new Span.DualChunk(32_768, 24_576);
    var config = Qwen2.TINY.withBlocks(Qwen2.TINY.blocks().stream()
        .map(b -> new BlockConfig(((Gqa) b.attention()).withSpan(chunks), b.feedForward())).toList());
    assertThat(Pretrained.configFile(write(config)).attention().span()).isEqualTo(chunks);
  }

  @Test void aNullCapMeansNone() throws IOException {
    Path file = edited(Gemma2.TINY, "\"final_logit_softcapping\" : 30.0", "\"final_logit_softcapping\" : null");
    assertThat(Pretrained.configFile(file).logitCap()).isEqualTo(SoftCap.NONE);
  }

  @ParameterizedTest(name = "{0}: {2}")
  @CsvSource(delimiter = '|', value = {
      "qwen2-tiny | \"hidden_act\" : \"silu\" | \"hidden_act\" : \"gelu\" | `hidden_act` is \"gelu\"; models of type \"qwen2\" have silu",
      "qwen2-tiny | \"use_sliding_window\" : false | \"use_sliding_window\" : true | sliding_window",
      "qwen2-tiny | \"num_key_value_heads\" : 2 | \"num_key_value_heads\" : 3 | `num_key_value_heads` (3) must divide `num_attention_heads` (4)",
      "qwen2-tiny | \"num_attention_heads\" : 4 | \"num_attention_heads\" : 3 | `num_attention_heads` (3) must divide `hidden_size` (128)",
      "qwen2-tiny | \"rope_type\" : \"default\" | \"rope_type\" : \"longrope\" | supported: default, linear, dynamic, llama3, yarn",
      "qwen2-tiny | \"model_type\" : \"qwen2\" | \"model_type\" : \"mamba\" | supported: llama, qwen2, qwen2_moe, gemma2, qwen3, afm, mistral, mixtral",
      "qwen2moe-tiny | \"num_experts_per_tok\" : 4 | \"num_experts_per_tok\" : 17 | `num_experts_per_tok` (17) must be <= the number of experts (16)",
      "qwen2moe-tiny | \"decoder_sparse_step\" : 1 | \"decoder_sparse_step\" : 0 | `decoder_sparse_step` must be >= 1",
      "llama3-tiny | \"num_hidden_layers\" : 4 | \"num_hidden_layers\" : -1 | `num_hidden_layers` must be 1 to 10000 but is -1",
      "qwen2-tiny | \"num_hidden_layers\" : 4 | \"num_hidden_layers\" : -1 | `num_hidden_layers` must be 1 to 10000 but is -1",
      "gemma2-tiny | \"sliding_attention\", | \"sliding_attention\", \"linear_attention\", | `layer_types` names",
      "gemma2-tiny | \"attn_logit_softcapping\" : 50.0 | \"attn_logit_softcapping\" : -1.0 | soft cap must be > 0",
      "gemma2-tiny | \"hidden_activation\" : \"gelu_pytorch_tanh\" | \"hidden_activation\" : \"silu\" | gelu_pytorch_tanh",
      "mistral-tiny | \"sliding_window\" : 64 | \"sliding_window\" : 0 | `sliding_window` must be >= 1",
      "mixtral-tiny | \"num_local_experts\" : 4 | \"num_local_experts\" : \"four\" | num_local_experts",
      "afm-tiny | \"head_dim\" : 32 | \"head_dim\" : 31 | `head_dim` must be even",
      "llama3-tiny | \"hidden_size\" : 128 | \"hiden_size\" : 128 | hidden_size"})
  void whatAFamilyCannotHaveIsRefused(String preset, String right, String wrong, String message) throws IOException {
    Path file = edited(preset(preset), right, wrong);
    assertThatThrownBy(() -> Pretrained.configFile(file)).isInstanceOf(DataException.class)
        .hasMessageContaining(file.toString()).hasMessageContaining(message);
  }

  private static DecoderConfig preset(String name) {
    return Objects.requireNonNull(Families.presets().get(name), name);
  }

  private Path write(DecoderConfig config) {
    Path file = temp.resolve("config.json");
    JsonFile.write(file, Pretrained.json(config, DType.F32));
    return file;
  }

  private Path edited(DecoderConfig config, String right, String wrong) throws IOException {
    Path file = write(config);
    String text = Files.readString(file);
    assertThat(text).contains(right);
    return Files.writeString(file, text.replaceFirst(Pattern.quote(right), Matcher.quoteReplacement(wrong)));
  }
}
