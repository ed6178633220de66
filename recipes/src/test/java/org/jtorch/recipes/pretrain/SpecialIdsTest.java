package org.jtorch.recipes.pretrain;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Path;
import org.jtorch.io.JsonFile;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// A run that goes on from a folder keeps what its model says about special tokens, in checkpoints and in the result.
class SpecialIdsTest {
  @TempDir Path temp = Path.of("");

  private static ObjectNode json(Path folder, String name) {
    return (ObjectNode) JsonFile.open(folder.resolve(name)).node();
  }

  @Test void theIdsOfTheModelGoAlong() throws IOException {
    Path recipe = TinyRun.recipe(temp, 1);
    Path first = temp.resolve("first");
    assertThat(TinyRun.run(recipe, first).code()).isZero();
    int eos = json(first.resolve("model"), "generation_config.json").path("eos_token_id").intValue();
    for (String folder : new String[] {"model", "checkpoints/step-00000001"}) {
      assertThat(json(first.resolve(folder), "config.json").toString())
          .contains("\"bos_token_id\":null,\"eos_token_id\":" + eos + ",\"pad_token_id\":null");
      assertThat(json(first.resolve(folder), "generation_config.json").toString())
          .isEqualTo("{\"eos_token_id\":" + eos + ",\"pad_token_id\":" + eos + "}");
    }
    goOn(recipe, first.resolve("model"), eos);
  }

  private void goOn(Path recipe, Path model, int eos) {
    var config = json(model, "config.json");
    JsonFile.write(model.resolve("config.json"), config.put("bos_token_id", 7).put("eos_token_id", 9));
    JsonFile.write(model.resolve("generation_config.json"), json(model, "generation_config.json").put("top_p", 0.5)
        .put("eos_token_id", 9).putNull("pad_token_id"));
    Path second = temp.resolve("second");
    String path = model.toString().replace("\\", "/");
    var result = TinyRun.run(recipe, second, "model={type: folder, path: \"" + path + "\"}",
        "tokenizer={type: file, path: \"" + path + "\", eos: \"<|endoftext|>\"}");
    assertThat(result.code()).as(result.err()).isZero();
    for (String folder : new String[] {"model", "checkpoints/step-00000001"}) {
      var generation = json(second.resolve(folder), "generation_config.json");
      assertThat(generation.path("eos_token_id").toString()).isEqualTo("[9," + eos + "]");
      assertThat(generation.path("bos_token_id").intValue()).isEqualTo(7);
      assertThat(generation.path("top_p").doubleValue()).isEqualTo(0.5);
      assertThat(json(second.resolve(folder), "config.json").toString())
          .contains("\"bos_token_id\":7,\"eos_token_id\":[9," + eos + "],\"pad_token_id\":null");
    }
  }
}
