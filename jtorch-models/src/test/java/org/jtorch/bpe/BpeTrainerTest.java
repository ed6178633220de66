package org.jtorch.bpe;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.jtorch.io.DataException;
import org.jtorch.text.ByteAlphabet;
import org.jtorch.text.PreTokenizer;
import org.jtorch.text.Tokenizer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class BpeTrainerTest {
  private static final String MIXED = "Hello, world's  2026!\n\n\tIt's 12345 o'clock \uD83D\uDE80\uD83D\uDC69\u200D\uD83D\uDCBB"
      + " \u4F60\u597D\uFF0C\u4E16\u754C \u0645\u0631\u062D\u0628\u0627 na\u00EFve \u00A0\u2003x\r\n  end ";

  @TempDir Path folder;

  private static List<String> corpus() {
    var random = new Random(7);
    String[] words = ("the cat sat on a mat and the other cats satisfied nobody at banana aaaa aaaaa abab ababab 2026 "
        + "seven brave sailors never delivered their letters because strong winds kept turning ships around islands").split(" ");
    var texts = new ArrayList<String>();
    for (int t = 0; t < 60; t++) {
      var text = new StringBuilder();
      for (int i = 0; i < 25; i++) {
        text.append(words[(int) Math.abs(random.nextGaussian() * 12) % words.length]).append(i % 9 == 8 ? ".\n" : " ");
      }
      texts.add(text.toString());
    }
    texts.add(MIXED);
    return texts;
  }

  private static BpeTrainer.Options options(int vocab, PreTokenizer split) {
    return new BpeTrainer.Options(vocab, 2, List.of("<|endoftext|>", "<|pad|>", "<|im_start|>"), split);
  }

  @ParameterizedTest
  @EnumSource(PreTokenizer.class)
  void mergesAreThoseOfANaiveTrainer(PreTokenizer split) {
    var trained = BpeTrainer.train(corpus(), options(420, split));
    assertThat(trained.merges()).hasSizeGreaterThan(60).isEqualTo(naive(corpus(), 420 - 259, split));
  }

  /// The words of all texts as ids of their bytes.
  private static List<List<Integer>> words(List<String> texts, PreTokenizer split) {
    var words = new ArrayList<List<Integer>>();
    for (String text : texts) {
      split.pattern().matcher(text).results().forEach(m -> {
        var ids = new ArrayList<Integer>();
        for (byte b : m.group().getBytes(UTF_8)) {
          ids.add(3 + ByteAlphabet.rank(b & 0xFF));
        }
        words.add(ids);
      });
    }
    return words;
  }

  private static Map<Long, Integer> pairs(List<List<Integer>> words) {
    Map<Long, Integer> counts = new HashMap<>();
    words.forEach(w -> {
      for (int i = 0; i + 1 < w.size(); i++) {
        counts.merge((long) w.get(i) << 32 | w.get(i + 1), 1, Integer::sum);
      }
    });
    return counts;
  }

  /// Recounts every pair before every merge.
  private static List<String> naive(List<String> texts, int limit, PreTokenizer split) {
    var tokens = new ArrayList<>(List.of("<|endoftext|>", "<|pad|>", "<|im_start|>"));
    tokens.addAll(ByteAlphabet.sorted());
    var words = words(texts, split);
    var merges = new ArrayList<String>();
    while (merges.size() < limit) {
      Map<Long, Integer> counts = pairs(words);
      long best = counts.entrySet().stream().min(Map.Entry.<Long, Integer>comparingByValue().reversed()
          .thenComparing(Map.Entry.comparingByKey())).orElseThrow().getKey();
      if (counts.getOrDefault(best, 0) < 2) {
        break;
      }
      int left = (int) (best >>> 32);
      int right = (int) best;
      merges.add(tokens.get(left) + " " + tokens.get(right));
      tokens.add(tokens.get(left) + tokens.get(right));
      for (List<Integer> w : words) {
        for (int i = 0; i + 1 < w.size(); i++) {
          if (w.get(i) == left && w.get(i + 1) == right) {
            w.set(i, tokens.size() - 1);
            w.remove(i + 1);
          }
        }
      }
    }
    return merges;
  }

  @ParameterizedTest
  @EnumSource(PreTokenizer.class)
  void theSavedTokenizerRoundTripsAnyText(PreTokenizer split) {
    BpeTrainer.train(corpus(), options(350, split)).save(folder, 512);
    try (var tokenizer = Tokenizer.load(folder)) {
      for (String text : List.of(MIXED, "", " ", "\n", "\t\tif (x) {\n\t}\n", "unseen \u00E4\u00F6\u00FC \uD83E\uDD16", "\u0000\u0001")) {
        long[] ids = tokenizer.encode(text, false);
        assertThat(tokenizer.decode(ids, false)).isEqualTo(text);
        assertThat(tokenizer.encodeText(text)).isEqualTo(ids);
      }
      assertThat(tokenizer.vocabSize()).isEqualTo(350);
      assertThat(tokenizer.id("<|endoftext|>")).isEqualTo(0);
      assertThat(tokenizer.encode("a<|im_start|>", false)).endsWith(2L);
      assertThat(tokenizer.specialTokens()).containsExactly("<|endoftext|>", "<|pad|>", "<|im_start|>");
    }
  }

  @Test
  void orderOfTextsDoesNotMatter() {
    var shuffled = new ArrayList<>(corpus());
    Collections.shuffle(shuffled, new Random(3));
    assertThat(BpeTrainer.train(shuffled.stream(), options(350, PreTokenizer.GPT2)))
        .isEqualTo(BpeTrainer.train(corpus(), options(350, PreTokenizer.GPT2)));
  }

  @Test
  void aLargerVocabularyNeedsFewerTokens() {
    String text = String.join("\n", corpus());
    long previous = Long.MAX_VALUE;
    for (int vocab : new int[] {259, 280, 320, 360}) {
      BpeTrainer.train(corpus(), options(vocab, PreTokenizer.LLAMA3)).save(folder, 512);
      try (var tokenizer = Tokenizer.load(folder)) {
        long tokens = tokenizer.encode(text, false).length;
        assertThat(tokens).isLessThan(previous);
        previous = tokens;
      }
    }
    assertThat(previous).isLessThan(text.getBytes(UTF_8).length / 2);
  }

  @Test
  void digitsAreCutAsTheSplitSays() {
    assertThat(words(PreTokenizer.GPT2, "a 12345")).containsExactly("a", " 12345");
    assertThat(words(PreTokenizer.LLAMA3, "a 12345")).containsExactly("a", " ", "123", "45");
    assertThat(words(PreTokenizer.QWEN2, "a 123")).containsExactly("a", " ", "1", "2", "3");
    assertThat(words(PreTokenizer.LLAMA3, "IT'S x\u2003\u2003y")).containsExactly("IT", "'S", " x", "\u2003", "\u2003y");
  }

  private static List<String> words(PreTokenizer split, String text) {
    return split.pattern().matcher(text).results().map(r -> r.group()).toList();
  }

  @Test
  void minFrequencyStopsEarly() {
    var rare = BpeTrainer.train(List.of("ab ab ab cd"), new BpeTrainer.Options(1000, 3, List.of(), PreTokenizer.GPT2));
    assertThat(rare.merges()).containsExactly("a b");
  }

  @Test
  void badOptionsAndEmptyTextsSayWhatIsWrong() {
    assertThatThrownBy(() -> options(200, PreTokenizer.GPT2)).isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("200").hasMessageContaining("259");
    assertThatThrownBy(() -> new BpeTrainer.Options(900, 2, List.of("<s>", "<s>"), PreTokenizer.GPT2))
        .hasMessageContaining("different");
    assertThatThrownBy(() -> BpeTrainer.train(List.of("", ""), options(300, PreTokenizer.GPT2)))
        .isInstanceOf(DataException.class).hasMessageContaining("empty");
  }
}
