package org.jtorch.text;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import org.jtorch.bpe.BpeTrainer;
import org.jtorch.io.DataException;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TiktokenTest {
  private static final List<String> CORPUS = List.of("the theme of them: bananas, bandanas and 12345 12345 123 ban ban ban", "aaaa aaaaaaa aaa", "größer größte 漢字漢字",
      "    four    spaces\n\n\nlines\n\n");
  @TempDir Path temp;
  private final Map<String, Integer> ranks = new HashMap<>();
  private final List<String> lines = new ArrayList<>();

  @BeforeEach
  void train() {
    var bpe = BpeTrainer.train(CORPUS, new BpeTrainer.Options(340, 2, List.of(), PreTokenizer.LLAMA3));
    var bytes = new HashMap<Character, Byte>();
    for (int b = 0; b < 256; b++) {
      bytes.put(ByteAlphabet.spell(new byte[] {(byte) b}).charAt(0), (byte) b);
    }
    for (String token : bpe.tokens()) {
      byte[] raw = new byte[token.length()];
      for (int i = 0; i < raw.length; i++) {
        raw[i] = bytes.getOrDefault(token.charAt(i), (byte) 0);
      }
      ranks.put(token, lines.size());
      lines.add(Base64.getEncoder().encodeToString(raw) + " " + lines.size());
    }
  }

  private Path write(String name, List<String> content) throws IOException {
    return Files.write(temp.resolve(name), content);
  }

  /// What tiktoken does: always merge the leftmost pair whose joined token has the lowest rank.
  private long[] reference(String text, PreTokenizer split) {
    var ids = new ArrayList<Integer>();
    for (Matcher words = split.pattern().matcher(text); words.find(); ) {
      var parts = new ArrayList<>(Arrays.asList(ByteAlphabet.spell(words.group().getBytes(UTF_8)).split("")));
      for (int best = 0; best >= 0; ) {
        best = -1;
        for (int i = 0; i + 1 < parts.size(); i++) {
          int rank = rank(parts, i);
          best = rank < Integer.MAX_VALUE && (best < 0 || rank < rank(parts, best)) ? i : best;
        }
        if (best >= 0) {
          parts.set(best, parts.get(best) + parts.remove(best + 1));
        }
      }
      parts.forEach(p -> ids.add(ranks.get(p)));
    }
    return ids.stream().mapToLong(Integer::longValue).toArray();
  }

  private int rank(List<String> parts, int left) {
    return ranks.getOrDefault(parts.get(left) + parts.get(left + 1), Integer.MAX_VALUE);
  }

  @Test
  void givesTheIdsOfTheRanks() throws IOException {
    try (var llama = Tokenizer.load(write("tokenizer.model", lines)); var qwen = Tokenizer.load(write("qwen.tiktoken", lines))) {
      for (String text : List.of("the bananas of the bands: 1234567", "aaaaaaaaaaaaa", "größte 漢字 😀", "  x\n\n\n y", "", CORPUS.getFirst())) {
        assertThat(llama.encode(text, false)).isEqualTo(reference(text, PreTokenizer.LLAMA3));
        assertThat(qwen.encode(text, true)).isEqualTo(reference(text, PreTokenizer.QWEN2));
        assertThat(llama.decode(llama.encode(text, false), false)).isEqualTo(text);
      }
      assertThat(llama.encode("12345", false).length).isLessThan(qwen.encode("12345", false).length);
      assertThat(qwen.encode("o\u0308", false)).as("Qwen composes characters").isEqualTo(qwen.encode("ö", false));
    }
  }

  @Test
  void specialTokensComeFromTheConfiguration() throws IOException {
    write("tokenizer.model", lines);
    Files.writeString(temp.resolve("tokenizer_config.json"), """
        {"bos_token": "<|begin|>", "add_bos_token": true, "added_tokens_decoder": {
          "400": {"content": "<|begin|>", "special": true}, "401": {"content": "<think>", "special": false}}}""");
    try (var t = Tokenizer.load(temp)) {
      assertThat(t.specialTokens()).containsExactly("<|begin|>");
      assertThat(t.encode("ban<think>", true)).startsWith(400).endsWith(401);
      assertThat(t.encodeText("<|begin|>")).doesNotContain(400L);
      t.save(temp);
    }
    try (var t = Tokenizer.load(temp)) {
      assertThat(t.file()).hasFileName("tokenizer.json");
      assertThat(t.encode("ban<think>", true)).startsWith(400).endsWith(401);
    }
  }

  @Test
  void theVocabulariesOfThePapersHaveTheirSpecialTokens() {
    var llama = Tiktoken.of(128_000, "tokenizer.model").specials();
    assertThat(llama).hasSize(256).containsEntry(128_000, "<|begin_of_text|>").containsEntry(128_009, "<|eot_id|>")
        .containsEntry(128_006, "<|start_header_id|>").containsEntry(128_255, "<|reserved_special_token_246|>");
    assertThat(Tiktoken.of(151_643, "tokenizer.model").specials()).containsEntry(151_645, "<|im_end|>").hasSize(3);
    assertThat(Tiktoken.of(100_256, "cl100k_base.tiktoken").specials()).isEmpty();
  }

  @Test
  void brokenLinesAreNamed() throws IOException {
    record Bad(int line, String content, String says) {}
    String huge = Base64.getEncoder().encodeToString(new byte[1025]) + " 11";
    for (var bad : List.of(new Bad(12, huge, "1025 bytes"), new Bad(3, "!!!! 2", "line 3"), new Bad(7, "IQ== x", "line 7"), new Bad(200, "IQ==", "line 200"),
        new Bad(5, "IQ== 0", "line 5"), new Bad(9, "IQ== -4", "line 9"), new Bad(280, lines.getFirst().replace(" 0", " 9999"), "line 280"))) {
      var broken = new ArrayList<>(lines);
      broken.set(bad.line() - 1, bad.content());
      Path file = write("tokenizer.model", broken);
      assertThatThrownBy(() -> Tokenizer.load(file)).as("%s", bad).isInstanceOf(DataException.class)
          .hasMessageContaining("tokenizer.model").hasMessageContaining(bad.says());
    }
    Path cut = write("tokenizer.model", lines.subList(0, 100));
    assertThatThrownBy(() -> Tokenizer.load(cut)).isInstanceOf(DataException.class).hasMessageContaining("cut off");
  }
}
