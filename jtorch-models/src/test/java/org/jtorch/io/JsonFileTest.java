package org.jtorch.io;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class JsonFileTest {
  @TempDir Path folder;
  private JsonFile json;

  @BeforeEach
  void read() throws IOException {
    json = open("""
        {"hidden_size": 64, "big": 5000000000, "eps": 1e-5, "tied": true, "name": "tiny", "none": null,
         "sizes": [1, 2], "words": ["a", "b"], "rope_scaling": {"factor": "eight"}, "list": [{"k": 1}, {"k": "x"}]}""");
  }

  @Test
  void gettersGiveTypedValues() {
    assertThat(json.requiredInt("hidden_size")).isEqualTo(64);
    assertThat(json.requiredLong("big")).isEqualTo(5_000_000_000L);
    assertThat(json.requiredDouble("eps")).isEqualTo(1e-5);
    assertThat(json.requiredDouble("hidden_size")).isEqualTo(64.0);
    assertThat(json.requiredBoolean("tied")).isTrue();
    assertThat(json.requiredString("name")).isEqualTo("tiny");
    assertThat(json.requiredLongs("sizes")).containsExactly(1, 2);
    assertThat(json.requiredStrings("words")).containsExactly("a", "b");
    assertThat(json.objects("list").getFirst().requiredInt("k")).isEqualTo(1);
    assertThat(json.keys()).startsWith("hidden_size", "big", "eps");
  }

  @Test
  void missingAndNullKeysGetTheDefault() {
    assertThat(json.has("none")).isFalse();
    assertThat(json.optInt("none", 3)).isEqualTo(3);
    assertThat(json.optLong("x", 4)).isEqualTo(4);
    assertThat(json.optDouble("x", 0.5)).isEqualTo(0.5);
    assertThat(json.optBoolean("x", true)).isTrue();
    assertThat(json.optString("x", "y")).isEqualTo("y");
    assertThat(json.optLongs("x", 7, 8)).containsExactly(7, 8);
    assertThat(json.optObject("x")).isEmpty();
    assertThat(json.optObject("rope_scaling")).isPresent();
  }

  @Test
  void errorsNameFileKeyValueAndType() {
    fails(() -> json.requiredInt("hiden_size"), "config.json: key 'hiden_size' is missing; did you mean hidden_size?");
    fails(() -> json.requiredInt("none"), "key 'none' is null");
    fails(() -> json.requiredInt("big"), "key 'big' must be a 32-bit integer, not 5000000000");
    fails(() -> json.optInt("eps", 1), "key 'eps' must be a 32-bit integer, not 1.0E-5");
    fails(() -> json.requiredLong("name"), "must be a 64-bit integer, not \"tiny\"");
    fails(() -> json.requiredDouble("tied"), "must be a finite number, not true");
    fails(() -> json.requiredBoolean("name"), "must be true or false");
    fails(() -> json.requiredString("sizes"), "must be a string, not [1,2]");
    fails(() -> json.requiredLongs("words"), "must be a list of 64-bit integers");
    fails(() -> json.requiredStrings("sizes"), "must be a list of strings");
    fails(() -> json.object("name"), "must be an object");
    fails(() -> json.object("rope_scaling").requiredDouble("factor"), "key 'rope_scaling.factor' must be a finite number");
    fails(() -> json.objects("list").get(1).requiredInt("k"), "key 'list[1].k' must be a 32-bit integer");
    fails(() -> json.objects("sizes"), "must be a list of objects");
  }

  @Test
  void brokenFilesNameThePlace() throws IOException {
    fails(() -> open("{\n\"a\": 1,\n\"b\" 2}"), "broken JSON at line 3, column");
    fails(() -> open("{\"a\": 1, \"a\": 2}"), "Duplicate");
    fails(() -> open("{} {}"), "broken JSON at line 1");
    fails(() -> open("[1]"), "must hold a JSON object { ... }, not [1]");
    fails(() -> open(""), "the file is empty");
    fails(() -> open("[".repeat(5000)), "broken JSON");
    fails(() -> JsonFile.open(folder.resolve("none.json")), "there is no");
    fails(() -> JsonFile.open(folder), "cannot read");
    Files.write(folder.resolve("config.json"), new byte[] {'{', (byte) 0xC3, '}'});
    fails(() -> JsonFile.open(folder.resolve("config.json")), "not UTF-8");
  }

  @Test
  void writesPrettyInTheOrderGiven() throws IOException {
    var node = JsonNodeFactory.instance.objectNode().put("z", 1).put("a", "ü");
    node.putArray("list").add(1).add(2);
    var path = folder.resolve("deep/out.json");
    JsonFile.write(path, node);
    JsonFile.write(path, node);
    assertThat(Files.readString(path, StandardCharsets.UTF_8))
        .isEqualTo("{\n  \"z\" : 1,\n  \"a\" : \"ü\",\n  \"list\" : [\n    1,\n    2\n  ]\n}\n");
    assertThat(JsonFile.open(path).node()).isEqualTo(node);
    assertThat(folder.resolve("deep").toFile().list()).containsExactly("out.json");
  }

  private JsonFile open(String text) throws IOException {
    return JsonFile.open(Files.writeString(folder.resolve("config.json"), text, StandardCharsets.UTF_8));
  }

  private static void fails(ThrowingCallable action, String message) {
    assertThatThrownBy(action).isInstanceOf(DataException.class).hasMessageContaining(message);
  }
}
