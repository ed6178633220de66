package org.jtorch.io;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.StringReader;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class Utf8Test {
  @TempDir Path dir;

  @Test
  void theMarkIsReadOverAtTheBeginningOnly() throws IOException {
    Path file = Files.writeString(dir.resolve("a.txt"), "\uFEFFa\uFEFFb");
    assertThat(Utf8.read(file)).isEqualTo("a\uFEFFb");
    assertThat(Utf8.withoutMark("a")).isEqualTo("a");
    assertThat(Utf8.withoutMark("\uFEFFa".getBytes(StandardCharsets.UTF_8))).containsExactly('a');
    assertThat(Utf8.withoutMark(new byte[] {(byte) 0xEF, (byte) 0xBB})).hasSize(2);
    for (String text : new String[] {"\uFEFF", "", "\uFEFFab", "ab"}) {
      var in = new BufferedReader(new StringReader(text));
      Utf8.skipMark(in);
      assertThat(in.lines().toList()).as(text).isEqualTo(text.replace("\uFEFF", "").lines().toList());
    }
  }

  @Test
  void bytesThatAreNoUtf8AreRefused() {
    assertThatThrownBy(() -> Utf8.decode(new byte[] {'a', (byte) 0xE9, 'b'})).isInstanceOf(CharacterCodingException.class);
    assertThatThrownBy(() -> Utf8.decode(new byte[] {(byte) 0xED, (byte) 0xA0, (byte) 0xBD})).isInstanceOf(CharacterCodingException.class);
  }

  @Test
  void halvesOfPairsBecomeTheReplacementCharacter() {
    assertThat(Utf8.wellFormed("a\uD83D b\uDE80 \uD83D\uDE80\uDE80")).isEqualTo("a\uFFFD b\uFFFD \uD83D\uDE80\uFFFD");
    String plain = "plain é \0";
    assertThat(Utf8.wellFormed(plain)).isSameAs(plain);
  }

  @Test
  void jsonFilesMayBeginWithTheMark() throws IOException {
    Path file = Files.writeString(dir.resolve("config.json"), "\uFEFF{\"a\": 3}");
    assertThat(JsonFile.open(file).requiredInt("a")).isEqualTo(3);
  }
}
