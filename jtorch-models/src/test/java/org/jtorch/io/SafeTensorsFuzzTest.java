package org.jtorch.io;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.ShrinkingMode;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;

/// Whatever the bytes are: a [DataException] or tensors that lie inside the file, and nothing else.
class SafeTensorsFuzzTest {
  private static final String HEADER = """
      {"__metadata__":{"format":"pt"},"a":{"dtype":"F32","shape":[2,3],"data_offsets":[0,24]},\
      "b":{"dtype":"I16","shape":[],"data_offsets":[24,26]},"c":{"dtype":"U8","shape":[6,1],"data_offsets":[26,32]}}""";

  @Property(tries = 1000, shrinking = ShrinkingMode.OFF)
  void randomBytes(@ForAll @Size(max = 200) byte[] bytes) throws IOException {
    check(bytes);
  }

  @Property(tries = 1000, shrinking = ShrinkingMode.OFF)
  void randomHeaders(@ForAll("headerPieces") List<String> pieces, @ForAll @IntRange(max = 40) int data) throws IOException {
    check(RawSafeTensors.bytes("{" + String.join("", pieces), data));
  }

  @Property(tries = 2000, shrinking = ShrinkingMode.OFF)
  void flippedBits(@ForAll @Size(min = 1, max = 4) List<@IntRange(max = 1_000_000) Integer> bits) throws IOException {
    var file = valid();
    for (int bit : bits) {
      int at = bit % (8 * file.length);
      file[at / 8] ^= (byte) (1 << (at % 8));
    }
    check(file);
  }

  @Property(tries = 300, shrinking = ShrinkingMode.OFF)
  void changedLengths(@ForAll @IntRange(max = 400) int length) throws IOException {
    boolean opened = check(Arrays.copyOf(valid(), length));
    assertThat(opened).isEqualTo(length == valid().length);
  }

  @Property(tries = 2000, shrinking = ShrinkingMode.OFF)
  void editedHeaders(
      @ForAll @IntRange(max = 230) int at, @ForAll @IntRange(max = 12) int drop, @ForAll("headerPieces") List<String> put)
      throws IOException {
    int from = Math.min(at, HEADER.length());
    int to = Math.min(from + drop, HEADER.length());
    var edit = put.isEmpty() ? "" : put.getFirst();
    check(RawSafeTensors.bytes(HEADER.substring(0, from) + edit + HEADER.substring(to), 32));
  }

  @Property(tries = 500, shrinking = ShrinkingMode.OFF)
  void editedIndexes(@ForAll("headerPieces") List<String> pieces, @ForAll @IntRange(max = 80) int at) throws IOException {
    var good = "{\"metadata\":{},\"weight_map\":{\"a\":\"model-1.safetensors\",\"b\":\"model-1.safetensors\"}}";
    var folder = Files.createTempDirectory("fuzz");
    try {
      Files.write(folder.resolve("model-1.safetensors"), valid());
      var text = good.substring(0, at) + String.join("", pieces) + good.substring(at);
      Files.writeString(folder.resolve(WeightFiles.INDEX), text, StandardCharsets.UTF_8);
      boolean opened = opens(folder, valid().length);
      assertThat(opened || !pieces.isEmpty()).isTrue();
    } finally {
      DiskFiles.deleteTree(folder);
    }
  }

  @Provide
  Arbitrary<List<String>> headerPieces() {
    var pieces = Arbitraries.of("{", "}", "[", "]", ",", ":", "\"a\"", "\"b\"", "\"dtype\":", "\"shape\":", "\"data_offsets\":",
        "\"U8\"", "\"F64\"", "\"BOOL\"", "0", "1", "-1", "8", "1e400", "9223372036854775807", "99999999999999999999", "null",
        "true", "\"__metadata__\":", "\"\\ud800\"", "\u0000", "../", " ", "é",
        "{\"dtype\":\"U8\",\"shape\":[4],\"data_offsets\":[0,4]}");
    return pieces.list().ofMaxSize(12);
  }

  private static byte[] valid() {
    return RawSafeTensors.bytes(HEADER, 32);
  }

  private static boolean check(byte[] bytes) throws IOException {
    var path = Files.createTempFile("fuzz", ".safetensors");
    try {
      return opens(Files.write(path, bytes), bytes.length);
    } finally {
      Files.delete(path);
    }
  }

  private static boolean opens(Path path, long size) {
    try (var weights = SafeTensors.open(path)) {
      long covered = 0;
      for (var entry : weights.entries().values()) {
        covered += entry.bytes().byteSize();
        assertThat(entry.bytes().byteSize()).isEqualTo(ElementTypes.bytes(entry.dtype(), entry.shape()));
        assertThat(entry.bytes().isReadOnly() && entry.bytes().scope().isAlive()).isTrue();
        entry.bytes().asByteBuffer().asReadOnlyBuffer().get(new byte[(int) entry.bytes().byteSize()]);
      }
      assertThat(covered).isLessThanOrEqualTo(size);
      return true;
    } catch (DataException e) {
      assertThat(e.getMessage()).isNotBlank();
      return false;
    }
  }
}
