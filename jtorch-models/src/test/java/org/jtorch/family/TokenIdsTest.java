package org.jtorch.family;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import org.jtorch.attention.Rope;
import org.jtorch.attention.RopeScaling;
import org.jtorch.decoder.Decoder;
import org.jtorch.io.JsonFile;
import org.jtorch.tensor.DType;
import org.jtorch.tensor.Device;
import org.jtorch.tensor.Rng;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Where transformers looks for what begins, ends and fills a text: in `generation_config.json` if there is one, and nowhere
/// else then; a key that `config.json` lacks is what the family's class assumes.
class TokenIdsTest {
  private static final String GENERATION = "generation_config.json";
  private static final String CONFIG = "config.json";
  @TempDir Path temp = Path.of("");
  private Path from = temp;
  private Path to = temp;

  @BeforeEach void folders() throws IOException {
    from = Files.createDirectory(temp.resolve("from"));
    to = Files.createDirectory(temp.resolve("to"));
  }

  private void save(@Nullable Path companions) {
    var config = Llama.shape(17, 16, 24, 1, 4, 2, 8, 64, new Rope(10_000, RopeScaling.NONE), 1e-5, true);
    try (var model = Decoder.create(config, Device.CPU, DType.F32, Rng.of(3))) {
      Pretrained.save(model, to, DType.F32, companions);
    }
  }

  private String written(String name) {
    return JsonFile.open(to.resolve(name)).node().toString();
  }

  @Test void theIdsOfTheConfigurationGoIntoTheSettingsForGeneration() throws IOException {
    Files.writeString(from.resolve(CONFIG), "{\"eos_token_id\": [3, 5], \"pad_token_id\": null}");
    save(from);
    assertThat(written(GENERATION)).isEqualTo("{\"_from_model_config\":true,\"eos_token_id\":[3,5]}");
    assertThat(written(CONFIG)).contains("\"bos_token_id\":null,\"eos_token_id\":[3,5],\"pad_token_id\":null");
  }

  @Test void anEmptyCopyOfTheConfigurationIsFilled() throws IOException {
    Files.writeString(from.resolve(CONFIG), "{\"eos_token_id\": 5}");
    Files.writeString(from.resolve(GENERATION), "{\"_from_model_config\": true}");
    save(from);
    assertThat(written(GENERATION)).isEqualTo("{\"_from_model_config\":true,\"eos_token_id\":5}");
    Files.writeString(from.resolve(GENERATION), "{\"temperature\": 0.6}");
    to = Files.createDirectory(temp.resolve("again"));
    save(from);
    assertThat(written(GENERATION)).isEqualTo("{\"temperature\":0.6}");
  }

  @Test void withoutAConfigurationTheSettingsForGenerationGiveTheIds() throws IOException {
    Files.writeString(from.resolve(GENERATION), "{\"bos_token_id\": 1, \"eos_token_id\": 5, \"pad_token_id\": 5}");
    save(from);
    assertThat(written(CONFIG)).contains("\"bos_token_id\":1,\"eos_token_id\":5,\"pad_token_id\":null");
    assertThat(written(GENERATION)).contains("\"pad_token_id\":5");
  }

  @Test void whatNobodyKnowsIsNull() {
    save(null);
    assertThat(written(CONFIG)).contains("\"bos_token_id\":null,\"eos_token_id\":null,\"pad_token_id\":null");
  }

  @Test void bothFilesOfAFolderGoTogether() throws IOException {
    Files.writeString(from.resolve(CONFIG), "{\"bos_token_id\": 1, \"eos_token_id\": 2, \"pad_token_id\": null}");
    assertThat(TokenIds.generation(from).toString()).isEqualTo("{\"bos_token_id\":1,\"eos_token_id\":2,\"pad_token_id\":null}");
    Files.writeString(from.resolve(GENERATION), "{\"eos_token_id\": [2, 5], \"top_p\": 0.9}");
    assertThat(TokenIds.generation(from).toString())
        .isEqualTo("{\"eos_token_id\":[2,5],\"top_p\":0.9,\"bos_token_id\":1,\"pad_token_id\":null}");
  }
}
