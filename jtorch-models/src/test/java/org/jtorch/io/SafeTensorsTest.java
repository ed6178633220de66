package org.jtorch.io;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.lang.foreign.ValueLayout;
import java.net.URISyntaxException;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class SafeTensorsTest {
  @TempDir Path folder;

  @Test
  void readsAFileWrittenByPython() throws URISyntaxException {
    var path = Path.of(Objects.requireNonNull(getClass().getResource("/io/python.safetensors")).toURI());
    try (var weights = SafeTensors.open(path)) {
      assertThat(weights.metadata()).containsEntry("author", "Ünal").containsEntry("format", "pt");
      assertThat(weights.entries()).containsOnlyKeys("f32", "i64", "f16", "bool", "scalar", "empty");
      var f32 = weights.get("f32");
      assertThat(f32.dtype()).isEqualTo("F32");
      assertThat(f32.shape()).containsExactly(1, 3);
      assertThat(f32.bytes().toArray(ValueLayout.JAVA_FLOAT_UNALIGNED)).containsExactly(1.5f, -2f, 3.25f);
      assertThat(weights.get("i64").bytes().toArray(ValueLayout.JAVA_LONG_UNALIGNED)).containsExactly(7, -8);
      assertThat(weights.get("f16").bytes().get(ValueLayout.JAVA_SHORT_UNALIGNED, 0)).isEqualTo((short) 0x3800);
      assertThat(weights.get("bool").bytes().toArray(ValueLayout.JAVA_BYTE)).containsExactly(1, 0, 1);
      assertThat(weights.get("scalar").shape()).isEmpty();
      assertThat(weights.get("scalar").bytes().get(ValueLayout.JAVA_INT_UNALIGNED, 0)).isEqualTo(42);
      assertThat(weights.get("empty").bytes().byteSize()).isZero();
    }
  }

  @Test
  void aMissingNameComesWithItsNearestOnes() throws IOException {
    var path = RawSafeTensors.file(folder, """
        {"layers.0.weight":{"dtype":"U8","shape":[2],"data_offsets":[0,2]}}""", 2);
    try (var weights = SafeTensors.open(path)) {
      assertThatThrownBy(() -> weights.get("layers.0.wieght")).isInstanceOf(DataException.class)
          .hasMessageContaining("hand.safetensors").hasMessageContaining("did you mean layers.0.weight?");
    }
  }

  @Test
  void acceptsAHeaderWithoutTensorsAndUnknownFields() throws IOException {
    try (var weights = SafeTensors.open(RawSafeTensors.file(folder, "{}  ", 0))) {
      assertThat(weights.entries()).isEmpty();
    }
    try (var weights = SafeTensors.open(RawSafeTensors.file(folder, """
        {"a":{"later":[{"x":1}],"dtype":"U8","shape":[2],"data_offsets":[0,2]}}""", 2))) {
      assertThat(weights.get("a").bytes().byteSize()).isEqualTo(2);
    }
  }

  @ParameterizedTest(name = "{1}")
  @CsvSource(delimiter = '|', quoteCharacter = '~', textBlock = """
      [1]                                                                      | must begin with '{'
      {"a":                                                                    | broken JSON at line 1
      {} x                                                                     | broken JSON at line 1
      {} {}                                                                    | goes on after
      {"a":5}                                                                  | tensor 'a' must be an object
      {"a":{"shape":[4],"data_offsets":[0,4]}}                                 | tensor 'a' has no dtype
      {"a":{"dtype":"U8","data_offsets":[0,4]}}                                | tensor 'a' has no shape
      {"a":{"dtype":"U8","shape":[4]}}                                         | tensor 'a' has no data_offsets
      {"a":{"dtype":"F7","shape":[4],"data_offsets":[0,4]}}                    | 'F7' is not one of [BF16, BOOL, F16
      {"a":{"dtype":8,"shape":[4],"data_offsets":[0,4]}}                       | dtype must be a string
      {"a":{"dtype":"U8","shape":4,"data_offsets":[0,4]}}                      | shape must be a list
      {"a":{"dtype":"U8","shape":[4.0],"data_offsets":[0,4]}}                  | shape must be a list
      {"a":{"dtype":"U8","shape":[-4],"data_offsets":[0,4]}}                   | shape must be a list
      {"a":{"dtype":"U8","shape":[99999999999999999999],"data_offsets":[0,4]}} | shape must be a list
      {"a":{"dtype":"U8","shape":[4294967296,4294967296],"data_offsets":[0,4]}}| overflows 64 bits
      {"a":{"dtype":"F64","shape":[9223372036854775807],"data_offsets":[0,4]}} | overflows 64 bits
      {"a":{"dtype":"U8","shape":[4],"data_offsets":[0]}}                      | must be [begin, end]
      {"a":{"dtype":"U8","shape":[4],"data_offsets":[0,4,4]}}                  | must be [begin, end]
      {"a":{"dtype":"U8","shape":[4],"data_offsets":[4,0]}}                    | must be [begin, end]
      {"a":{"dtype":"U8","shape":[4],"data_offsets":["0",4]}}                  | data_offsets must be a list
      {"a":{"dtype":"F32","shape":[4],"data_offsets":[0,4]}}                   | needs 16 bytes, but
      {"a":{"dtype":"U8","shape":[9],"data_offsets":[0,9]}}                    | it was cut short
      {"a":{"dtype":"U8","shape":[3],"data_offsets":[0,3]}}                    | 1 trailing bytes
      {"a":{"dtype":"U8","shape":[3],"data_offsets":[1,4]}}                    | a hole
      {"a":{"dtype":"U8","shape":[3],"data_offsets":[0,3]},"b":{"dtype":"U8","shape":[2],"data_offsets":[2,4]}} | overlaps
      {"a":{"dtype":"U8","shape":[4],"data_offsets":[0,4]},"a":{"dtype":"U8","shape":[4],"data_offsets":[0,4]}} | 'a' twice
      {"a":{"dtype":"U8","dtype":"U8","shape":[4],"data_offsets":[0,4]}}       | has dtype twice
      {"__metadata__":{"k":1}}                                                 | __metadata__ 'k' must be a string
      {"__metadata__":[]}                                                      | must be one object of strings
      {"__metadata__":{"k":"1","k":"2"}}                                       | lists 'k' twice
      {"__metadata__":{},"__metadata__":{}}                                    | must be one object of strings
      """)
  void refusesHeadersThatLie(String header, String reason) throws IOException {
    assertRefused(RawSafeTensors.file(folder, header, 4), reason);
  }

  @Test
  void hostileNamesCannotFloodOrSteerTheTerminal() throws IOException {
    var path = RawSafeTensors.file(folder, "{\"\\u001b[2J" + "x".repeat(5000) + "\":1}", 0);
    assertThatThrownBy(() -> openAndClose(path)).isInstanceOfSatisfying(DataException.class,
        e -> assertThat(e.getMessage()).hasSizeLessThan(1500).doesNotContain("\u001b").contains("tensor '?[2Jxxx"));
  }

  @Test
  void refusesEndlessShapes() throws IOException {
    var shape = "0" + ",0".repeat(100_000);
    assertRefused(RawSafeTensors.file(folder, "{\"a\":{\"shape\":[" + shape + "]}}", 0), "at most 64");
  }

  @Test
  void refusesDeepNesting() throws IOException {
    assertRefused(RawSafeTensors.file(folder, "{\"a\":{\"x\":" + "[".repeat(100_000), 0), "broken JSON");
  }

  @Test
  void refusesFilesThatAreTooShortOrNotText() throws IOException {
    var path = folder.resolve("hand.safetensors");
    assertRefused(Files.write(path, new byte[7]), "it has 7 bytes");
    assertRefused(Files.write(path, new byte[8]), "must begin with '{'");
    assertRefused(Files.write(path, new byte[] {-1, -1, -1, -1, -1, -1, -1, -1}), "18446744073709551615");
    assertRefused(Files.write(path, new byte[] {0, 0, 0, 0, 1, 0, 0, 0}), "above the limit");
    assertRefused(Files.write(path, new byte[] {9, 0, 0, 0, 0, 0, 0, 0, '{', '}'}), "only 2 follow");
    assertRefused(Files.write(path, new byte[] {3, 0, 0, 0, 0, 0, 0, 0, '{', (byte) 0xC3, '}'}), "not UTF-8");
  }

  @Test
  void opensAGigabyteWithoutReadingIt() throws IOException {
    long size = 1L << 30;
    var path = RawSafeTensors.file(folder,
        "{\"big\":{\"dtype\":\"F32\",\"shape\":[16384,16384],\"data_offsets\":[0," + size + "]}}", 0);
    long start = Files.size(path);
    try (var raw = new RandomAccessFile(path.toFile(), "rw")) {
      raw.setLength(start + size);
    }
    try (var weights = SafeTensors.open(path)) {
      assertThat(weights.get("big").bytes().byteSize()).isEqualTo(size);
      assertThat(weights.get("big").bytes().isLoaded()).isFalse();
    }
  }

  @Test
  void segmentsDieWithTheFile() throws IOException {
    var path = RawSafeTensors.file(folder, """
        {"a":{"dtype":"U8","shape":[4],"data_offsets":[0,4]}}""", 4);
    SafeTensors.Entry entry;
    try (var weights = SafeTensors.open(path)) {
      entry = weights.get("a");
      assertThat(entry.bytes().get(ValueLayout.JAVA_BYTE, 3)).isEqualTo((byte) 3);
    }
    assertThatThrownBy(() -> entry.bytes().get(ValueLayout.JAVA_BYTE, 3)).isInstanceOf(IllegalStateException.class);
  }

  @Test
  void bigEndianMachinesAreRefused() {
    assertThatThrownBy(() -> ElementTypes.requireLittleEndian(ByteOrder.BIG_ENDIAN))
        .isInstanceOf(UnsupportedOperationException.class).hasMessageContaining("big-endian");
  }

  @Test
  void missingFilesAndFoldersWithoutWeightsSayWhatToDo() throws IOException {
    assertThatThrownBy(() -> openAndClose(folder.resolve("none"))).isInstanceOf(DataException.class)
        .hasMessageContaining("there is no").hasMessageContaining("none");
    Files.writeString(folder.resolve("adapter.safetensors"), "x", StandardCharsets.UTF_8);
    assertThatThrownBy(() -> openAndClose(folder)).isInstanceOf(DataException.class)
        .hasMessageContaining("neither model.safetensors nor").hasMessageContaining("pass one of [adapter.safetensors]");
  }

  private static void openAndClose(Path path) {
    try (var weights = SafeTensors.open(path)) {
      assertThat(weights.source()).isEqualTo(path);
    }
  }

  private static void assertRefused(Path path, String reason) {
    assertThatThrownBy(() -> openAndClose(path)).isInstanceOf(DataException.class)
        .hasMessageContaining("hand.safetensors").hasMessageContaining(reason);
  }
}
