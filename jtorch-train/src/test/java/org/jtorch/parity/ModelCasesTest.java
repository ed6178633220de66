package org.jtorch.parity;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.OptionalDouble;
import org.jtorch.io.JsonFile;
import org.jtorch.io.SafeTensors;
import org.jtorch.parity.Row.Verdict;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// What a model case must not pass over.
class ModelCasesTest {
  @TempDir Path temp = Path.of("");

  @BeforeEach void copyOfADynamicModel() throws IOException, URISyntaxException {
    Path from = Path.of(Objects.requireNonNull(ModelCasesTest.class.getResource("/parity/models/qwen2_dynamic")).toURI());
    for (String name : List.of("case.json", "config.json", "model.safetensors", "io.safetensors")) {
      Files.copy(from.resolve(name), temp.resolve(name));
    }
  }

  private List<Row> rows(String what) {
    return ParityRunner.run(temp, OptionalDouble.empty(), _ -> {}).stream().filter(r -> r.what().startsWith(what)).toList();
  }

  @Test void tokensBeforeTheGrowthMustBeEqualAndThoseBehindMayDiffer() throws IOException {
    int width;
    try (var io = SafeTensors.open(temp.resolve("io.safetensors"))) {
      width = (int) io.get("gen_grow.sequences").shape()[1];
    }
    int positions = JsonFile.open(temp.resolve("config.json")).requiredInt("max_position_embeddings");
    assertThat(positions + 1).isLessThan(width);
    change(positions + 1);
    assertThat(rows("gen_grow.")).extracting(Row::verdict).containsExactly(Verdict.PASS, Verdict.SKIP);
    change(positions);
    assertThat(rows("gen_grow.")).extracting(Row::verdict).containsExactly(Verdict.FAIL);
  }

  /// Replaces a stored token of the first row.
  private void change(int token) throws IOException {
    Path file = temp.resolve("io.safetensors");
    var bytes = ByteBuffer.wrap(Files.readAllBytes(file)).order(ByteOrder.LITTLE_ENDIAN);
    int data = 8 + (int) bytes.getLong(0);
    var header = new String(bytes.array(), 8, data - 8, java.nio.charset.StandardCharsets.UTF_8);
    var json = Files.writeString(temp.resolve("header"), header);
    int begin = JsonFile.open(json).object("gen_grow.sequences").node().path("data_offsets").path(0).intValue();
    int at = data + begin + token * Long.BYTES;
    Files.write(file, bytes.putLong(at, bytes.getLong(at) + 1).array());
    Files.delete(json);
  }

  @Test void aHiddenStateThatTheModelDoesNotHaveFails() {
    Path file = temp.resolve("case.json");
    var node = (ObjectNode) JsonFile.open(file).node();
    ((ArrayNode) node.path("hidden_state_indices")).add(99);
    JsonFile.write(file, node);
    assertThat(rows("hidden_states.99")).singleElement().satisfies(r -> {
      assertThat(r.verdict()).isEqualTo(Verdict.FAIL);
      assertThat(r.note()).contains("`hidden_state_indices`");
    });
    assertThat(rows("hidden_states.0")).extracting(Row::verdict).containsOnly(Verdict.PASS);
  }
}
