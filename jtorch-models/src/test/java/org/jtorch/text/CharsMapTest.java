package org.jtorch.text;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Base64;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class CharsMapTest {
  /// A trie of 256 units in which the byte 'a' leads to a leaf with a value: unit 0 is the root, whose offset is `base`.
  private static String map(int base, int leaf, int value, String replacements) {
    int[] units = new int[256];
    units[0] = base << 10;
    units[(base ^ 'a') & 255] = 'a' | 1 << 8 | leaf << 10;
    int at = base ^ 'a' ^ leaf;
    if (at < 256) {
      units[at] = value | 1 << 31;
    }
    return encoded(1024, units, replacements);
  }

  private static String encoded(int size, int[] units, String replacements) {
    byte[] text = replacements.getBytes(StandardCharsets.UTF_8);
    var bytes = ByteBuffer.allocate(4 + 4 * units.length + text.length).order(ByteOrder.LITTLE_ENDIAN).putInt(size);
    for (int unit : units) {
      bytes.putInt(unit);
    }
    return Base64.getEncoder().encodeToString(bytes.put(text).array());
  }

  @Test
  void aTableThatLeadsToItsReplacementsPasses() throws IOException {
    CharsMap.check(map(0, 1, 0, "b\0"));
    CharsMap.check(map(0, 1, 3, "\u00e9\0"));
    try (var in = Objects.requireNonNull(CharsMapTest.class.getResourceAsStream("/text/sentencepiece/unigram_rules.model"))) {
      var normalizer = SentencePieceModel.parse(in.readAllBytes()).normalizer();
      assertThat(normalizer.charsMap()).isNotEmpty();
      assertThatCode(() -> CharsMap.check(Base64.getEncoder().encodeToString(normalizer.charsMap()))).doesNotThrowAnyException();
    }
  }

  @ParameterizedTest
  @CsvSource(delimiter = '|', value = {"300 | 1 | 0 | leads to unit 301 of its trie", "0 | 512 | 0 | leads to unit 609",
      "0 | 1 | 4 | byte 4 of its replacements",
      "0 | 1 | 1 | byte 1 of its replacements, where no character begins", "0 | 1 | 2147483647 | byte 2147483647"})
  void aTableThatLeadsOutOfItselfIsRefused(int base, int leaf, int value, String message) {
    assertThatThrownBy(() -> CharsMap.check(map(base, leaf, value, "\u00e9\0"))).isInstanceOf(IOException.class)
        .hasMessageContaining(message);
  }

  @Test
  void sizesAndBase64AreChecked() {
    assertThatThrownBy(() -> CharsMap.check("")).hasMessageContaining("its trie has 0 bytes");
    assertThatThrownBy(() -> CharsMap.check(encoded(-4, new int[1], ""))).hasMessageContaining("4294967292 bytes, but 4 follow");
    assertThatThrownBy(() -> CharsMap.check(encoded(6, new int[2], ""))).hasMessageContaining("6 bytes");
    assertThatThrownBy(() -> CharsMap.check("AAAA\nAAA=")).hasMessageContaining("not base64");
    assertThatThrownBy(() -> CharsMap.check("AAA")).hasMessageContaining("not base64");
    assertThatThrownBy(() -> CharsMap.check("AAB=")).hasMessageContaining("not base64");
    byte[] cut = Base64.getDecoder().decode(map(0, 1, 0, "\u00e9"));
    assertThatThrownBy(() -> CharsMap.check(Base64.getEncoder().encodeToString(Arrays.copyOf(cut, cut.length - 1))))
        .hasMessageContaining("not UTF-8");
  }
}
