package org.jtorch.recipes.pretrain;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Objects;
import java.util.regex.Pattern;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Every line of a paper's preset that gives a value says where it comes from: a place in the paper, or that it is our choice.
class PresetSourcesTest {
  /// Keys that name things, open blocks, or say where text lies.
  private static final Pattern BARE = Pattern.compile("\\s*(- )?(type|name|artifact|entry|model|text|seq_len|ways|tokenizer): .*|\\s*[a-z_]+:\\s*");
  private static final Pattern SOURCED = Pattern.compile(".*#.*(section|table|choice|published|paper|follows|stage that|inside).*");

  @ParameterizedTest
  @ValueSource(strings = {"qwen2-pretraining", "afm-pretraining", "gemma2-pretraining", "llama3-pretraining", "qwen2-mini", "afm-mini",
      "gemma2-mini", "llama3-mini", "llama3-alignment", "afm-alignment", "qwen2-alignment", "gemma2-alignment"})
  void everyValueNamesItsSource(String recipe) throws IOException {
    assertThat(lines(recipe).stream().filter(line -> !BARE.matcher(line).matches() && !SOURCED.matcher(line).matches()).toList())
        .as(recipe).isEmpty();
  }

  /// What follows the head.
  private static List<String> lines(String recipe) throws IOException {
    try (var in = PresetSourcesTest.class.getResourceAsStream("/recipes/" + recipe + ".yaml")) {
      var text = new String(Objects.requireNonNull(in).readAllBytes(), StandardCharsets.UTF_8);
      return text.lines().dropWhile(line -> line.startsWith("#")).skip(1).toList();
    }
  }
}
