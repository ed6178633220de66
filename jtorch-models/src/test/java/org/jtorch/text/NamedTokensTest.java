package org.jtorch.text;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Scanner;
import java.util.stream.LongStream;
import org.jtorch.io.DataException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvFileSource;
import org.junit.jupiter.params.provider.CsvSource;

/// Expected values are those of transformers 5.18, for a tokenizer of the letters a to h (0 to 7), `<s>`, `</s>` and `<e>` (8 to 10).
class NamedTokensTest {
  private static final String TEXT = "a<s>b</s><e><x><y>c";
  @TempDir Path folder;

  private void write(String addedTokens) throws IOException {
    Files.writeString(folder.resolve("tokenizer.json"), """
        {"version": "1.0", "truncation": null, "padding": null, "added_tokens": [%s], "normalizer": null, "pre_tokenizer": null,
         "post_processor": null, "decoder": {"type": "Fuse"}, "model": {"type": "BPE", "dropout": null, "unk_token": null,
         "vocab": {"a": 0, "b": 1, "c": 2, "d": 3, "e": 4, "f": 5, "g": 6, "h": 7, "<s>": 8, "</s>": 9, "<e>": 10}, "merges": []}}
        """.formatted(addedTokens));
  }

  private static String ordinary(int id, String content) {
    return """
        {"id": %d, "content": "%s", "single_word": false, "lstrip": false, "rstrip": false, "normalized": true, "special": false}
        """.formatted(id, content);
  }

  @ParameterizedTest
  @CsvFileSource(resources = "/text/named-tokens.csv", delimiter = '|', quoteCharacter = '`', numLinesToSkip = 1)
  void theConfigurationNamesSpecialTokens(String config, String ids, String visible, String special) throws IOException {
    write(ordinary(10, "<e>"));
    Files.writeString(folder.resolve("tokenizer_config.json"), config);
    try (var tokenizer = Tokenizer.load(folder)) {
      assertThat(tokenizer.encode(TEXT, false)).containsExactly(numbers(ids));
      assertThat(tokenizer.decode(LongStream.range(0, 14).toArray(), true)).isEqualTo(visible);
      assertThat(String.join(" ", tokenizer.specialTokens())).isEqualTo(special);
      for (long id : numbers(ids)) {
        assertThat(tokenizer.id(tokenizer.token(id))).isEqualTo((int) id);
      }
      assertThat(tokenizer.encodeText(TEXT)).doesNotContain(numbers(tokenizer));
    }
  }

  private static long[] numbers(String ids) {
    return new Scanner(ids).tokens().mapToLong(Long::parseLong).toArray();
  }

  private static long[] numbers(Tokenizer tokenizer) {
    return LongStream.concat(LongStream.of(-1), tokenizer.specialTokens().stream().mapToLong(tokenizer::requireId)).toArray();
  }

  @Test
  void theMapOfSpecialTokensCountsWhereTheConfigurationDescribesNone() throws IOException {
    write(ordinary(9, "</s>") + "," + ordinary(10, "<e>"));
    Files.writeString(folder.resolve("special_tokens_map.json"), "{\"eos_token\": {\"content\": \"<e>\", \"normalized\": false}}");
    Files.writeString(folder.resolve("added_tokens.json"), "{\"<x>\": 11, \"<e>\": 10}");
    try (var tokenizer = Tokenizer.load(folder)) {
      assertThat(tokenizer.specialTokens()).containsExactly("<e>");
      assertThat(tokenizer.encode(TEXT, false)).containsExactly(0, 1, 9, 10, 11, 2);
    }
    Files.writeString(folder.resolve("tokenizer_config.json"),
        "{\"added_tokens_decoder\": {\"9\": {\"content\": \"</s>\", \"special\": false}}}");
    try (var tokenizer = Tokenizer.load(folder)) {
      assertThat(tokenizer.specialTokens()).isEmpty();
      assertThat(tokenizer.encode(TEXT, false)).containsExactly(0, 1, 9, 10, 2);
    }
  }

  @Test
  void whatIsSavedIsComplete(@TempDir Path other) throws IOException {
    write(ordinary(10, "<e>"));
    Files.writeString(folder.resolve("tokenizer_config.json"), "{\"eos_token\": \"<e>\", \"pad_token\": \"<x>\"}");
    try (var tokenizer = Tokenizer.load(folder)) {
      tokenizer.save(other);
      try (var saved = Tokenizer.load(other)) {
        assertThat(saved.added()).isEqualTo(tokenizer.added())
            .containsExactly(new AddedToken(10, "<e>", true), new AddedToken(11, "<x>", true));
        assertThat(saved.fingerprint()).isEqualTo(tokenizer.fingerprint());
      }
    }
  }

  @Test
  void aTokenizerThatSaysAllItselfStaysAsItIs() throws IOException {
    write(ordinary(10, "<e>").replace("\"special\": false", "\"special\": true"));
    byte[] before = Files.readAllBytes(folder.resolve("tokenizer.json"));
    Files.writeString(folder.resolve("tokenizer_config.json"), "{\"eos_token\": \"<e>\"}");
    assertThat(TokenizerSource.open(folder).json()).isEqualTo(before);
  }

  @Test
  void addedTokensHaveTheIdsOfTheLibraryWhateverTheFileSays() throws IOException {
    write(ordinary(20, "<x>") + "," + ordinary(3, "<y>") + "," + ordinary(2, "<s>") + "," + ordinary(5, "") + "," + ordinary(9, "<x>"));
    try (var tokenizer = Tokenizer.load(folder)) {
      assertThat(tokenizer.encode(TEXT, false)).containsExactly(0, 8, 1, 4, 11, 12, 2);
      assertThat(tokenizer.id("<x>")).isEqualTo(11);
      assertThat(tokenizer.id("<y>")).isEqualTo(12);
      assertThat(tokenizer.added()).extracting(AddedToken::id).containsExactly(11, 12, 8);
      assertThat(tokenizer.vocabSize()).isEqualTo(13);
      assertThat(tokenizer.token(3)).isEqualTo("d");
    }
  }

  @ParameterizedTest
  @CsvSource(delimiter = '|', quoteCharacter = '`', value = {
      "{\"eos_token\": 5} | eos_token", "{\"eos_token\": {\"id\": 5}} | eos_token",
      "{\"extra_special_tokens\": [3]} | extra_special_tokens",
      "{\"added_tokens_decoder\": {\"x\": {\"content\": \"y\"}}} | `x`", "{\"added_tokens_decoder\": {\"-3\": {\"content\": \"y\"}}} | -3",
      "{\"added_tokens_decoder\": {\"3\": \"y\"}} | added_tokens_decoder.3", "{\"added_tokens_decoder\": []} | added_tokens_decoder"})
  void whatNamesNoTokenIsRefusedWithItsKey(String config, String key) throws IOException {
    write("");
    Files.writeString(folder.resolve("tokenizer_config.json"), config);
    assertThatThrownBy(() -> Tokenizer.load(folder)).isInstanceOf(DataException.class).hasMessageContaining("tokenizer_config.json")
        .hasMessageContaining(key);
  }
}
