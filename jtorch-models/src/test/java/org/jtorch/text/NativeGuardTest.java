package org.jtorch.text;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.jtorch.io.DataException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvFileSource;

/// Each of these files, given to the native library as it is, would end this process: at once or with the first text or id.
class NativeGuardTest {
  private static final String BASE = """
      {"version": "1.0", "truncation": null, "padding": null, "added_tokens": ADDED, "normalizer": NORMALIZER,
       "pre_tokenizer": PRE, "post_processor": POST, "decoder": DECODER,
       "model": {"type": "BPE", "dropout": null, "unk_token": null, "continuing_subword_prefix": SUBWORD, "end_of_word_suffix": null,
         "fuse_unk": false, "vocab": {"a": 0, "b": 1, "##b": 2, "ab": 3, "\\u00e9": 4}, "merges": ["a ##b"]}}
      """;
  @TempDir Path folder;

  private Path file(String part, String value) throws IOException {
    String json = BASE.replace(part, value).replace("ADDED", "[]").replace("SUBWORD", "\"##\"")
        .replaceAll("\\b(NORMALIZER|PRE|POST|DECODER)\\b", "null");
    return Files.writeString(folder.resolve("tokenizer.json"), json);
  }

  @ParameterizedTest
  @CsvFileSource(resources = "/text/refused-tokenizers.csv", delimiter = '|', quoteCharacter = '~', numLinesToSkip = 1)
  void whatWouldEndTheProcessIsRefusedWithItsKey(String part, String value, String message) throws IOException {
    Path file = file(part, value);
    assertThatThrownBy(() -> Tokenizer.load(file)).isInstanceOf(DataException.class).hasMessageContaining("tokenizer.json")
        .hasMessageContaining(message);
  }

  @Test
  void aNameOfWhichTheNormalizerLeavesNothingIsRefused() throws IOException {
    Path file = file("ADDED", """
        [{"id": 5, "content": "  ", "single_word": false, "lstrip": false, "rstrip": false, "normalized": true, "special": false}]
        """);
    try (var tokenizer = Tokenizer.load(file)) {
      assertThat(tokenizer.encode("\u00e9  a", false)).containsExactly(4, 5, 0);
    }
    String strip = "\"normalizer\": {\"type\": \"Strip\", \"strip_left\": true, \"strip_right\": true}";
    Files.writeString(file, Files.readString(file).replace("\"normalizer\": null", strip));
    assertThatThrownBy(() -> Tokenizer.load(file)).isInstanceOf(DataException.class).hasMessageContaining("the token `  `")
        .hasMessageContaining("leaves nothing");
    Files.writeString(file, Files.readString(file).replace("\"normalized\": true", "\"normalized\": false"));
    try (var tokenizer = Tokenizer.load(file)) {
      assertThat(tokenizer.encode("\u00e9  a", false)).containsExactly(4, 5, 0);
    }
  }

  @Test
  void deepNestingAndKeysThatAreThereTwiceAreRefused() throws IOException {
    Path deep = file("DECODER", "[".repeat(120) + "]".repeat(120));
    assertThatThrownBy(() -> Tokenizer.load(deep)).isInstanceOf(DataException.class).hasMessageContaining("nested more than 100 deep");
    Path twice = file("DECODER", "null, \"decoder\": {\"type\": \"Fuse\"}");
    assertThatThrownBy(() -> Tokenizer.load(twice)).isInstanceOf(DataException.class).hasMessageContaining("`decoder` is there twice");
  }

  @ParameterizedTest
  @CsvFileSource(resources = "/text/unusual-tokenizers.csv", delimiter = '|', quoteCharacter = '~', numLinesToSkip = 1)
  void whatIsOnlyUnusualIsOpened(String part, String value) throws IOException {
    try (var tokenizer = Tokenizer.load(file(part, value))) {
      assertThat(tokenizer.encode("a", true)).containsExactly(0);
      assertThat(tokenizer.decode(new long[] {0, 3}, false)).contains("a");
    }
  }

  @Test
  void theVocabularyIsLookedThroughToo() {
    byte[] json = "{\"model\": {\"vocab\": [[\"x\\ud800\", 0]]}}".getBytes(StandardCharsets.UTF_8);
    assertThatThrownBy(() -> NativeGuard.check(json)).isInstanceOf(IOException.class).hasMessageContaining("\\ud800")
        .hasMessageContaining("/model/vocab/0/0").hasMessageContaining("line 1, column 23");
  }
}
