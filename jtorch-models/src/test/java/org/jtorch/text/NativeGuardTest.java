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
import org.junit.jupiter.params.provider.CsvSource;

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
    String json = BASE.replace(part, value).replace("ADDED", "[]").replace("SUBWORD", "\"##\"").replaceAll("\\b(NORMALIZER|PRE|POST|DECODER)\\b", "null");
    return Files.writeString(folder.resolve("tokenizer.json"), json);
  }

  @ParameterizedTest
  @CsvSource(delimiter = '|', quoteCharacter = '~', value = {
      "DECODER | {\"type\": \"Replace\", \"pattern\": {\"String\": \"\\ud800\"}, \"content\": \"\"} | /decoder/pattern/String holds half",
      "DECODER | {\"type\": \"\\udc00x\"} | \\udc00",
      "ADDED | [{\"id\": 5, \"content\": \"<\\ud83d>\", \"special\": true}] | /added_tokens/0/content holds half",
      "NORMALIZER | {\"\\ud83d\": 1} | surrogate pair",
      "DECODER | {\"type\": \"Fuse\", \"x\": 1e999} | 1e999",
      "DECODER | {\"type\": \"Fuse\", \"x\": -1e999} | beyond the range",
      "DECODER | {\"type\": \"Strip\", \"content\": \" \", \"start\": 1, \"stop\": 1} | decoder.stop is 1",
      "DECODER | {\"type\": \"Sequence\", \"decoders\": [{\"type\": \"Fuse\"}, {\"content\": \" \", \"start\": 0, \"stop\": 2}]} | decoder.decoders[1].stop is 2",
      "POST | {\"type\": \"TemplateProcessing\", \"single\": [{\"SpecialToken\": {\"id\": \"<s>\", \"type_id\": 0}}], \"pair\": [], \"special_tokens\": {\"</s>\": {}}} | `<s>`, but post_processor.special_tokens has only [</s>]",
      "POST | {\"type\": \"Sequence\", \"processors\": [{\"type\": \"TemplateProcessing\", \"single\": [{\"SpecialToken\": {\"id\": \"x\", \"type_id\": 0}}], \"pair\": [], \"special_tokens\": {}}]} | post_processor.processors[0].single names the token `x`",
      "POST | {\"type\": \"TemplateProcessing\", \"single\": [{\"Sequence\": {\"id\": \"B\", \"type_id\": 0}}], \"pair\": [], \"special_tokens\": {}} | the sequence B",
      "POST | {\"type\": \"TemplateProcessing\", \"single\": [{\"SpecialToken\": {\"id\": \"x\", \"type_id\": 0}}], \"pair\": [], \"special_tokens\": {\"x\": {\"id\": \"x\", \"ids\": [1, 2], \"tokens\": [\"x\"]}}} | 2 ids but 1 tokens",
      "POST | {\"type\": \"Sequence\", \"processors\": [{\"type\": \"TemplateProcessing\", \"single\": [], \"pair\": [], \"special_tokens\": {}}, {\"single\": [], \"pair\": [], \"special_tokens\": {}}]} | post_processor holds 2 parts of the type TemplateProcessing",
      "NORMALIZER | {\"type\": \"Precompiled\"} | normalizer.precompiled_charsmap must be a string",
      "NORMALIZER | {\"type\": \"Precompiled\", \"precompiled_charsmap\": \"?\"} | is not base64",
      "NORMALIZER | {\"type\": \"Sequence\", \"normalizers\": [{\"type\": \"Precompiled\", \"precompiled_charsmap\": \"AAQAAA==\"}]} | normalizer.normalizers[0].precompiled_charsmap says that its trie has 1024 bytes, but 0 follow",
      "NORMALIZER | {\"type\": \"Replace\", \"pattern\": {\"String\": \"\"}, \"content\": \"x\"} | the empty text",
      "NORMALIZER | {\"type\": \"Replace\", \"pattern\": {\"Regex\": \" *\"}, \"content\": \"x\"} | the empty text",
      "NORMALIZER | {\"type\": \"Replace\", \"pattern\": {\"Regex\": \"(?=a)b?\"}, \"content\": \"x\"} | the empty text",
      "NORMALIZER | {\"type\": \"Prepend\", \"prepend\": \"\"} | normalizer.prepend is empty",
      "PRE | {\"type\": \"FixedLength\", \"length\": 0} | pre_tokenizer.length is 0",
      "PRE | {\"type\": \"Split\", \"pattern\": {\"Regex\": \"(a+)+$\"}, \"behavior\": \"Isolated\", \"invert\": false} | pre_tokenizer.pattern.Regex repeats `(a+)+`",
      "SUBWORD | \"####\" | model.merges holds \"a ##b\""})
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
    Files.writeString(file, Files.readString(file).replace("\"normalizer\": null", "\"normalizer\": {\"type\": \"Strip\", \"strip_left\": true, \"strip_right\": true}"));
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
  @CsvSource(delimiter = '|', quoteCharacter = '~', value = {
      "POST | {\"type\": \"TemplateProcessing\", \"single\": [{\"Sequence\": {\"id\": \"A\", \"type_id\": 0}}], \"pair\": [{\"SpecialToken\": {\"id\": \"nowhere\", \"type_id\": 0}}], \"special_tokens\": {}}",
      "DECODER | {\"type\": \"Strip\", \"content\": \" \", \"start\": 3, \"stop\": 0}",
      "DECODER | {\"type\": \"Replace\", \"pattern\": {\"String\": \"\\ud83d\\ude80\"}, \"content\": \"\\u0000\"}",
      "PRE | {\"type\": \"Split\", \"pattern\": {\"Regex\": \"\"}, \"behavior\": \"Isolated\", \"invert\": false}"})
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
