package org.jtorch.io;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class SafeTensorsShardsTest {
  private static final String FIRST = "model-00001-of-00002.safetensors";
  private static final String SECOND = "model-00002-of-00002.safetensors";

  @TempDir Path folder;

  @Test
  void shardsAndIndexComeBackAsOneModel() throws IOException {
    SafeTensorsWriter.writeSharded(folder, RawSafeTensors.three(), 12);
    assertThat(index()).contains("\"total_size\" : 28").contains("\"c\" : \"" + SECOND + "\"");
    for (var path : new Path[] {folder, folder.resolve(WeightFiles.INDEX)}) {
      try (var weights = SafeTensors.open(path)) {
        assertThat(weights.entries().sequencedKeySet()).containsExactly("a", "b", "c");
        assertThat(weights.get("c").bytes().get(ValueLayout.JAVA_BYTE, 15)).isEqualTo((byte) 3);
        assertThat(weights.metadata()).containsEntry("format", "pt");
      }
    }
  }

  @Test
  void whatFitsIntoOneShardIsOneFileWithoutIndex() {
    SafeTensorsWriter.writeSharded(folder, RawSafeTensors.three(), 28);
    assertThat(folder.resolve(WeightFiles.SINGLE)).exists();
    assertThat(folder.resolve(WeightFiles.INDEX)).doesNotExist();
    try (var weights = SafeTensors.open(folder)) {
      assertThat(weights.entries()).hasSize(3);
    }
  }

  @Test
  void tensorsAboveTheLimitGetAShardOfTheirOwn() {
    SafeTensorsWriter.writeSharded(folder, RawSafeTensors.three(), 1);
    assertThat(folder.resolve("model-00003-of-00003.safetensors")).exists();
    try (var weights = SafeTensors.open(folder)) {
      assertThat(weights.entries()).hasSize(3);
    }
  }

  @Test
  void oldAndNewWeightsDoNotMix() {
    SafeTensorsWriter.writeSharded(folder, RawSafeTensors.three(), 28);
    assertThatThrownBy(() -> SafeTensorsWriter.writeSharded(folder, RawSafeTensors.three(), 12))
        .isInstanceOf(IllegalArgumentException.class).hasMessageContaining("holds weights already: model.safetensors");
    assertThatThrownBy(() -> SafeTensorsWriter.writeSharded(folder.resolve("x"), RawSafeTensors.three(), 0))
        .isInstanceOf(IllegalArgumentException.class).hasMessageContaining("maxShardBytes (0)");
  }

  @Test
  void aFailureInALaterShardTakesTheEarlierOnesAway() {
    var tensors = RawSafeTensors.three();
    tensors.put("c", new SafeTensorsWriter.Source("U8", new long[] {16}, () -> {
      throw new IllegalStateException("no bytes");
    }));
    assertThatThrownBy(() -> SafeTensorsWriter.writeSharded(folder, tensors, 12)).hasMessage("no bytes");
    assertThat(folder).isEmptyDirectory();
  }

  @Test
  void aMissingShardIsNamed() throws IOException {
    SafeTensorsWriter.writeSharded(folder, RawSafeTensors.three(), 12);
    Files.delete(folder.resolve(SECOND));
    assertRefused(SECOND + " is missing");
  }

  @Test
  void aTensorThatIsNotWhereTheIndexSaysIsNamed() throws IOException {
    SafeTensorsWriter.writeSharded(folder, RawSafeTensors.three(), 12);
    var good = index();
    index(good.replace("\"weight_map\" : {", "\"weight_map\" : { \"d\" : \"" + FIRST + "\","));
    assertRefused("puts tensor 'd' into " + FIRST + ", but no shard holds it");
    index(good.replace("\"c\" : \"" + SECOND, "\"c\" : \"" + FIRST).replace("\"b\" : \"" + FIRST, "\"b\" : \"" + SECOND));
    assertRefused("puts tensor 'b' into " + SECOND + ", but it lies in " + FIRST);
  }

  @Test
  void aTensorInTwoShardsIsNamed() throws IOException {
    SafeTensorsWriter.writeSharded(folder, RawSafeTensors.three(), 12);
    SafeTensorsWriter.write(folder.resolve(SECOND), RawSafeTensors.three());
    assertRefused("tensor 'a' is in two shards");
  }

  @ParameterizedTest
  @ValueSource(strings = {"../model.safetensors", "/etc/x.safetensors", "..\\\\x.safetensors", "sub/x.safetensors",
      "C:x.safetensors", "passwd", "", "x\\u0000.safetensors"})
  void shardNamesThatLeadElsewhereAreRefused(String name) throws IOException {
    index("{\"weight_map\":{\"a\":\"" + name + "\"}}");
    assertRefused("not the plain name of a .safetensors file");
  }

  @Test
  void brokenIndexesNameThePlace() throws IOException {
    index("{\n  \"weight_map\": {\"a\" \"b\"}}");
    assertRefused("broken JSON at line 2");
    index("{\"weight_map\": []}");
    assertRefused("key 'weight_map' must be an object");
    index("{\"weight_map\": {\"a\": 1}}");
    assertRefused("key 'weight_map.a' must be a string, not 1");
    index("{\"weight_map\": {\"a\": \"x.safetensors\", \"a\": \"y.safetensors\"}}");
    assertRefused("Duplicate");
  }

  private void assertRefused(String reason) {
    assertThatThrownBy(this::openAndClose).isInstanceOf(DataException.class).hasMessageContaining(reason);
  }

  private void openAndClose() {
    try (var weights = SafeTensors.open(folder)) {
      assertThat(weights.source()).isEqualTo(folder);
    }
  }

  private String index() throws IOException {
    return Files.readString(folder.resolve(WeightFiles.INDEX), StandardCharsets.UTF_8);
  }

  private void index(String text) throws IOException {
    Files.writeString(folder.resolve(WeightFiles.INDEX), text, StandardCharsets.UTF_8);
  }
}
