package org.jtorch.family;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Objects;
import org.jtorch.attention.Rope;
import org.jtorch.attention.RopeScaling;
import org.jtorch.attention.RopeScaling.Yarn;
import org.jtorch.io.DataException;
import org.jtorch.tensor.DType;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// Rotary settings as transformers 5.18 reads them (`modeling_rope_utils.py`).
class RopeJsonTest {
  @TempDir Path temp = Path.of("");

  /// A small Llama of 128 positions with these keys.
  private Rope read(String keys) {
    try {
      Path file = Files.writeString(temp.resolve("config.json"), """
          {"model_type": "llama", "vocab_size": 17, "hidden_size": 16, "intermediate_size": 24, "num_hidden_layers": 1,
           "num_attention_heads": 2, "max_position_embeddings": 128, %s}""".formatted(keys));
      return Objects.requireNonNull(Pretrained.configFile(file).attention().rope());
    } catch (IOException e) {
      throw new IllegalStateException(e);
    }
  }

  private Yarn yarn(String keys) {
    return (Yarn) read("\"rope_scaling\": {\"rope_type\": \"yarn\", " + keys + "}").scaling();
  }

  @ParameterizedTest @CsvSource(delimiter = '|', value = {
      "\"factor\": 4                                                        | 1.138629436111989",
      "\"factor\": 40, \"mscale\": 0.707, \"mscale_all_dim\": 0.707         | 1.0",
      "\"factor\": 4, \"mscale\": 1.0, \"mscale_all_dim\": 0.5              | 1.0648216253695715",
      "\"factor\": 4, \"mscale\": 0.8                                       | 1.138629436111989",
      "\"factor\": 4, \"mscale\": 0.8, \"mscale_all_dim\": 0                | 1.138629436111989",
      "\"factor\": 4, \"mscale\": 1, \"mscale_all_dim\": 2, \"attention_factor\": 1.5 | 1.5",
      "\"factor\": 0.5                                                      | 1.0"})
  void yarnsAttentionFactorFollowsFromWhatIsThere(String keys, double factor) {
    assertThat(yarn(keys).attentionFactor()).isEqualTo(factor);
  }

  @Test void yarnsOpenKeysHaveTheirDefaults() {
    assertThat(yarn("\"factor\": null, \"original_max_position_embeddings\": 32"))
        .isEqualTo(new Yarn(4, 32, 32, 1, true, Yarn.defaultAttentionFactor(4)));
    assertThat(yarn("\"factor\": 2, \"beta_fast\": 0, \"beta_slow\": null, \"truncate\": false"))
        .isEqualTo(new Yarn(2, 128, 32, 1, false, Yarn.defaultAttentionFactor(2)));
    assertThat(((Yarn) read("\"original_max_position_embeddings\": 16, \"rope_scaling\": {\"type\": \"yarn\", \"factor\": 8, "
        + "\"original_max_position_embeddings\": 32}").scaling()).trained()).isEqualTo(16);
    assertThatThrownBy(() -> yarn("\"beta_fast\": 32")).isInstanceOf(DataException.class).hasMessageContaining("rope_scaling.factor");
  }

  @Test void theOlderKeyWinsIfItSaysAnything() {
    String today = "\"rope_parameters\": {\"rope_type\": \"linear\", \"factor\": 2.0, \"rope_theta\": 5000.0}";
    String older = ", \"rope_scaling\": {\"rope_type\": \"linear\", \"factor\": 4.0";
    assertThat(read(today)).isEqualTo(new Rope(5_000, new RopeScaling.Linear(2)));
    assertThat(read(today + ", \"rope_scaling\": null")).isEqualTo(read(today));
    assertThat(read(today + ", \"rope_scaling\": {}")).isEqualTo(read(today));
    assertThat(read(today + older + "}")).isEqualTo(new Rope(10_000, new RopeScaling.Linear(4)));
    assertThat(read(today + older + "}, \"rope_theta\": 7000")).isEqualTo(new Rope(7_000, new RopeScaling.Linear(4)));
    assertThat(read(today + older + ", \"rope_theta\": 8000}, \"rope_theta\": 7000")).isEqualTo(new Rope(8_000, new RopeScaling.Linear(4)));
  }

  @Test void parametersForEachKindOfLayerAreRefused() {
    assertThatThrownBy(() -> read("\"rope_parameters\": {\"full_attention\": {\"rope_type\": \"default\", \"rope_theta\": 1e6}}"))
        .isInstanceOf(DataException.class).hasMessageContaining("\"full_attention\"").hasMessageContaining("config.json");
    assertThatThrownBy(() -> read("\"partial_rotary_factor\": 0.5")).isInstanceOf(DataException.class)
        .hasMessageContaining("`partial_rotary_factor` is 0.5");
    assertThat(read("\"partial_rotary_factor\": 1.0, \"rope_theta\": 7000")).isEqualTo(new Rope(7_000, RopeScaling.NONE));
  }

  @Test void dynamicScalingKnowsTheModelsPositionsOnly() {
    assertThat(read("\"rope_scaling\": {\"type\": \"dynamic\", \"factor\": 2, \"original_max_position_embeddings\": 32}").scaling())
        .isEqualTo(new RopeScaling.Dynamic(2, 128));
    var config = Llama.shape(17, 16, 24, 2, 4, 2, 8, 64, new Rope(10_000, new RopeScaling.Dynamic(2, 32)), 1e-5, true);
    assertThatIllegalArgumentException().isThrownBy(() -> Pretrained.json(config, DType.F32)).withMessageContaining("withContext(32)");
    assertThat(Pretrained.json(config.withContext(32), DType.F32).path("rope_parameters").size()).isEqualTo(3);
  }
}
