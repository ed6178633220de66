package org.jtorch.text;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;
import java.util.Objects;
import java.util.stream.StreamSupport;
import org.jtorch.io.DataException;
import org.jtorch.io.JsonFile;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Against ids that Google's SentencePiece gave for small models of each kind.
class SentencePieceTest {
  @TempDir Path temp;

  private static Path fixture(String name) {
    try {
      return Path.of(Objects.requireNonNull(SentencePieceTest.class.getResource("/text/sentencepiece/" + name)).toURI());
    } catch (URISyntaxException e) {
      throw new IllegalStateException(e);
    }
  }

  private static long[] ids(JsonNode entry) {
    return StreamSupport.stream(entry.path("ids").spliterator(), false).mapToLong(JsonNode::asLong).toArray();
  }

  @ParameterizedTest
  @ValueSource(strings = {"bpe_prefix", "bpe_user_defined", "unigram_rules", "unigram_bytes"})
  void givesTheIdsOfSentencePieceAlsoAsTokenizerJson(String name) {
    try (var direct = Tokenizer.load(fixture(name + ".model"))) {
      direct.save(temp);
      try (var saved = Tokenizer.load(temp)) {
        JsonNode cases = JsonFile.open(fixture("expected.json")).node().path("cases").path(name);
        assertThat(cases).hasSizeGreaterThan(15);
        for (JsonNode entry : cases) {
          String text = entry.path("text").asText();
          assertThat(direct.encodeText(text)).as(text).isEqualTo(ids(entry));
          assertThat(saved.encodeText(text)).as(text).isEqualTo(ids(entry));
          if (entry.path("decoded").isTextual()) {
            assertThat(direct.decode(ids(entry), false)).isEqualTo(entry.path("decoded").asText());
          }
        }
        assertThat(saved.fingerprint()).isEqualTo(direct.fingerprint());
      }
    }
  }

  @Test
  void controlTokensAreSpecialAndOnlyTrustedTextMakesThem() {
    try (var t = Tokenizer.load(fixture("bpe_user_defined.model"))) {
      assertThat(t.specialTokens()).containsExactly("<pad>", "<eos>", "<bos>", "<unk>");
      assertThat(t.encode("<bos>", false)).containsExactly(2);
      assertThat(t.encodeText("<bos><eos>")).doesNotContain(0L, 1L, 2L, 3L);
      assertThat(t.encode("a", true)).startsWith(2).hasSize(2);
      assertThat(t.encode("<start_of_turn>", false)).hasSize(1);
    }
    try (var t = Tokenizer.load(fixture("unigram_rules.model"))) {
      assertThat(t.encode("a", true)).isEqualTo(t.encode("a", false)).doesNotContain(1L);
    }
  }

  @Test
  void theConfigurationBesideItCompletesIt() throws IOException {
    Files.copy(fixture("bpe_prefix.model"), temp.resolve("tokenizer.model"));
    Files.writeString(temp.resolve("tokenizer_config.json"), """
        {"add_bos_token": false, "add_eos_token": true, "eos_token": {"content": "<|im_end|>"}, "added_tokens_decoder": {
          "600": {"content": "<|im_start|>", "special": true}, "601": {"content": "<|im_end|>", "special": true}}}""");
    try (var t = Tokenizer.load(temp)) {
      assertThat(t.vocabSize()).isEqualTo(602);
      assertThat(t.specialTokens()).contains("<s>", "<|im_start|>", "<|im_end|>");
      assertThat(t.encode("a<|im_start|>", true)).doesNotContain(1L).endsWith(600, 601);
    }
    Files.writeString(temp.resolve("tokenizer_config.json"), "{\"added_tokens_decoder\": {\"x\": {\"content\": \"y\"}}}");
    assertThatThrownBy(() -> Tokenizer.load(temp)).isInstanceOf(DataException.class).hasMessageContaining("tokenizer_config.json");
  }

  @Test
  void reservedPiecesTakeTheirNewNames() throws IOException {
    Files.copy(fixture("bpe_user_defined.model"), temp.resolve("tokenizer.model"));
    Files.writeString(temp.resolve("tokenizer_config.json"), """
        {"added_tokens_decoder": {"0": {"content": "<filler>", "special": true}, "USER": {"content": "<tool>", "special": true}}}"""
        .replace("USER", String.valueOf(userDefined())));
    try (var t = Tokenizer.load(temp)) {
      assertThat(t.id("<filler>")).isZero();
      assertThat(t.id("<pad>")).isNull();
      assertThat(t.encode("<tool>", false)).containsExactly(userDefined());
      assertThat(t.token(userDefined())).isEqualTo("<tool>");
      assertThat(t.encode("<start_of_turn>", false)).doesNotContain(userDefined());
      assertThat(t.encode("a", false)).hasSize(1);
    }
    for (var bad : Map.of("\"0\": {\"content\": \"<bos>\"}", "also the piece 2",
        "\"NORMAL\": {\"content\": \"<x>\"}", "is also the piece").entrySet()) {
      Files.writeString(temp.resolve("tokenizer_config.json"),
          "{\"added_tokens_decoder\": {" + bad.getKey().replace("NORMAL", normal()) + "}}");
      assertThatThrownBy(() -> Tokenizer.load(temp)).isInstanceOf(DataException.class).hasMessageContaining(bad.getValue());
    }
  }

  private static int userDefined() {
    try (var t = Tokenizer.load(fixture("bpe_user_defined.model"))) {
      return t.requireId("<start_of_turn>");
    }
  }

  private static String normal() {
    try (var t = Tokenizer.load(fixture("bpe_user_defined.model"))) {
      return String.valueOf(t.requireId("a"));
    }
  }

  @Test
  void piecesBeyondReasonAreRefused() throws IOException {
    var bytes = new java.io.ByteArrayOutputStream();
    byte[] text = "a".repeat(1025).getBytes(java.nio.charset.StandardCharsets.US_ASCII);
    bytes.write(new byte[] {0x0A, 4, 0x0A, 0, 0x18, 2});                                   // an unknown piece
    bytes.write(new byte[] {0x0A, (byte) 0x84, 8, 0x0A, (byte) 0x81, 8});                  // 1028 bytes, text of 1025
    bytes.write(text);
    bytes.write(new byte[] {0x12, 2, 0x18, 2});                                            // model_type 2
    byte[] file = bytes.toByteArray();
    assertThatThrownBy(() -> SentencePieceJson.convert(SentencePieceModel.parse(file), TokenizerConfig.beside(temp.resolve("x"))))
        .isInstanceOf(IOException.class).hasMessageContaining("1025 characters");
  }

  @Test
  void brokenFilesAreNamed() throws IOException {
    byte[] whole = Files.readAllBytes(fixture("bpe_prefix.model"));
    Path file = temp.resolve("tokenizer.model");
    int refused = 0;
    for (int length = 0; length < whole.length; length += 211) {
      Files.write(file, Arrays.copyOf(whole, length));
      try (var _ = Tokenizer.load(temp)) {
        assertThat(length).as("a cut between two pieces leaves a model").isPositive();
      } catch (DataException e) {
        refused++;
        assertThat(e).hasMessageContaining("tokenizer.model");
      }
    }
    assertThat(refused).isGreaterThan(whole.length / 211 / 2);
    Files.write(file, new byte[] {7, 1, 2, 3});
    assertThatThrownBy(() -> Tokenizer.load(temp)).isInstanceOf(DataException.class).hasMessageContaining("byte 0x07");
  }

  @Test
  void otherModelTypesAreRefused() throws IOException {
    Path file = temp.resolve("tokenizer.model");
    byte[] words = {0x0A, 5, 0x0A, 1, 'a', 0x18, 2, 0x12, 2, 0x18, 3};     // one piece, model_type 3
    Files.write(file, words);
    assertThatThrownBy(() -> Tokenizer.load(file)).isInstanceOf(DataException.class).hasMessageContaining("WORD").hasMessageContaining("BPE");
    words[words.length - 1] = 9;
    Files.write(file, words);
    assertThatThrownBy(() -> Tokenizer.load(file)).isInstanceOf(DataException.class).hasMessageContaining("model_type is 9");
  }

  @Test
  void jsonIsToldFromAModel() throws IOException {
    try (var t = Tokenizer.load(fixture("unigram_bytes.model"))) {
      t.save(temp);
    }
    Path renamed = temp.resolve("tokenizer.model");
    Files.writeString(renamed, "\n\n\n" + Files.readString(temp.resolve("tokenizer.json")));
    assertThatCode(() -> Tokenizer.load(renamed).close()).doesNotThrowAnyException();
  }
}
