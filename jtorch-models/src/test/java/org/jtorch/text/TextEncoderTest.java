package org.jtorch.text;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Random;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.jtorch.bpe.BpeTrainer;
import org.jtorch.bpe.BpeTrainer.Options;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/// Bulk encoding gives the ids of the native library, to the last one.
class TextEncoderTest {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final String[] PIECES = ("a b C xyz The don't DON'T we'll WE'LL I'm 'Re 'S 's' '' ' \" 1 12 1234567 ² ½ Ⅷ 1st a1b2 . , ..."
      + " !? -- (x) https://a.b/c?d=e naïve Straße ſ's Ωμέγα Привет 你好，世界 日本語テキスト 한국어 é e\u0301 ™ € → ✓ 😀 😀😀abc 👩‍👩‍👧 🇩🇪"
      + " \uFEFF \u00A0 \u3000 \u200B \u2028 \u0085 \u001C \u180E अ ก ع \uD835\uDC00 \uD83C\uDD01 <tool> supercalifragilistic").split(" ");
  private static final String[] SPACES = {"", "", " ", " ", "  ", "\n", "\n\n", " \n ", "\r\n", "\t", "   \n  \n x", "\t\t ", "\u00A0",
      " \u3000"};

  @TempDir Path dir;

  private Tokenizer tokenizer(PreTokenizer split, Consumer<ObjectNode> change) throws IOException {
    var options = new Options(600, 1, List.of("<|endoftext|>"), split);
    BpeTrainer.train(texts(40, 9), options).save(dir);
    Path file = dir.resolve("tokenizer.json");
    var node = (ObjectNode) JSON.readTree(file.toFile());
    change.accept(node);
    Files.writeString(file, JSON.writeValueAsString(node));
    return Tokenizer.load(dir);
  }

  private static List<String> texts(int count, long seed) {
    var random = new Random(seed);
    var texts = new ArrayList<String>();
    for (int t = 0; t < count; t++) {
      var text = new StringBuilder();
      for (int p = random.nextInt(12); p >= 0; p--) {
        text.append(SPACES[random.nextInt(SPACES.length)]).append(PIECES[random.nextInt(PIECES.length)]);
      }
      texts.add(text.append(SPACES[random.nextInt(SPACES.length)]).toString());
    }
    return texts;
  }

  private static void assertSame(Tokenizer tokenizer, List<String> texts) {
    var encoder = tokenizer.textEncoder();
    for (String text : texts) {
      assertThat(encoder.encode(text)).as(text).isEqualTo(tokenizer.encodeText(text));
    }
  }

  private static ByteLevelBpe fast(Tokenizer tokenizer) throws IOException {
    return Objects.requireNonNull(read(tokenizer), "a tokenizer that Java encodes with");
  }

  private static @Nullable ByteLevelBpe read(Tokenizer tokenizer) throws IOException {
    byte[] source = Files.readAllBytes(tokenizer.file());
    return ByteLevelBpeJson.read(source, TokenizerJson.parse(source));
  }

  @ParameterizedTest @EnumSource(PreTokenizer.class) void textsOfAllKindsHaveTheLibrarysIds(PreTokenizer split) throws IOException {
    try (var tokenizer = tokenizer(split, _ -> {})) {
      assertSame(tokenizer, texts(1_500, split.ordinal()));
      var fast = fast(tokenizer);
      assertThat(texts(1_000, 1).stream().filter(text -> fast.encode(text) != null)).as("and most do not need it").hasSizeGreaterThan(200);
    }
  }

  /// Every character that is taken for known, in places where its kind decides.
  @ParameterizedTest @EnumSource(PreTokenizer.class) void everyKnownCharacterIsOfTheLibrarysKind(PreTokenizer split) throws IOException {
    try (var tokenizer = tokenizer(split, _ -> {})) {
      var fast = fast(tokenizer);
      var texts = new ArrayList<String>();
      var some = new StringBuilder();
      for (int c = 0; c <= 0x1FAFF; c = c == 0xFFFF ? 0x1F1E6 : c + 1) {
        String text = Character.toString(c);
        if (CharacterKinds.knows(text)) {
          some.append("a%sb %s1 %s. \n%s%s  %s\n".replace("%s", text));
          if (some.length() > 2_000) {
            texts.add(some.toString());
            some.setLength(0);
          }
        }
      }
      assertThat(texts).hasSizeGreaterThan(200).allMatch(text -> fast.encode(text) != null);
      assertSame(tokenizer, texts);
    }
  }

  @Test void composedFormIsLeftToTheLibrary() throws IOException {
    try (var tokenizer = tokenizer(PreTokenizer.QWEN2, node -> node.putObject("normalizer").put("type", "NFC"))) {
      assertThat(fast(tokenizer).encode("cafe\u0301")).isNull();
      assertThat(fast(tokenizer).encode("café")).isNotNull();
      assertSame(tokenizer, texts(1_000, 4));
    }
  }

  @Test void addedTokensInTheTextAreLeftToTheLibrary() throws IOException {
    try (var tokenizer = tokenizer(PreTokenizer.LLAMA3, node -> node.withArray("added_tokens").addObject()
        .put("id", node.at("/model/vocab").size()).put("content", "<|tool|>").put("single_word", false).put("lstrip", false)
        .put("rstrip", false).put("normalized", false).put("special", false))) {
      assertThat(fast(tokenizer).encode("a <|tool|> b")).isNull();
      assertThat(fast(tokenizer).encode("a <|tool b")).isNotNull();
      assertThat(tokenizer.textEncoder().encode("a <|tool|> b")).contains(tokenizer.requireId("<|tool|>"));
      assertSame(tokenizer, List.of("<|tool|>", "x<|tool|>\n", "<|tool|"));
    }
  }

  @Test void wholeWordsComeBeforeMergesWhereTheFileSaysSo() throws IOException {
    try (var tokenizer = tokenizer(PreTokenizer.GPT2, node -> {
      node.withObject("model").put("ignore_merges", true).withObject("vocab").put("ĠzyzĠ", 600).put("Ġxzx", 601);
    })) {
      assertThat(tokenizer.textEncoder().encode(" xzx")).containsExactly(601);
      assertSame(tokenizer, List.of(" xzx", "xzx", " xzxx", "a xzx.", " zyz "));
      assertSame(tokenizer, texts(500, 6));
    }
  }

  @Test void longWordsAreEncodedToo() throws IOException {
    try (var tokenizer = tokenizer(PreTokenizer.LLAMA3, _ -> {})) {
      assertSame(tokenizer, List.of("", "a".repeat(511), "a".repeat(512), "xyz".repeat(3_000), " ".repeat(2_000), "é".repeat(300)));
    }
  }

  @Test void otherTokenizersAreLeftToTheLibrary() throws IOException {
    for (Consumer<ObjectNode> change : List.<Consumer<ObjectNode>>of(
        node -> node.putObject("normalizer").put("type", "Lowercase"),
        node -> node.withObject("model").put("byte_fallback", true),
        node -> node.withObject("model").put("end_of_word_suffix", "</w>"),
        node -> ((ObjectNode) node.at("/pre_tokenizer/pretokenizers/0/pattern")).put("Regex", "\\w+|\\W+"),
        node -> ((ObjectNode) node.at("/pre_tokenizer/pretokenizers/1")).put("add_prefix_space", true))) {
      try (var tokenizer = tokenizer(PreTokenizer.GPT2, change)) {
        assertThat(read(tokenizer)).isNull();
        assertSame(tokenizer, texts(50, 7));
      }
    }
  }
}
