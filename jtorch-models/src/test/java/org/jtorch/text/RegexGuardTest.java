package org.jtorch.text;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

class RegexGuardTest {
  @ParameterizedTest
  @EnumSource
  void ourOwnSplitsPass(PreTokenizer split) throws IOException {
    assertThat(RegexGuard.check(split.regex())).isFalse();
  }

  @ParameterizedTest
  @ValueSource(strings = {
      "[^\\r\\n\\p{L}\\p{N}]?[\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}]*[\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?"
          + "| ?[^\\s\\p{L}\\p{N}]+[\\r\\n/]*",
      "[!\"#$%&'()*+,\\-./:;<=>?@\\[\\\\\\]^_`{|}~][A-Za-z]+"
          + "|[^\\r\\n\\p{L}\\p{P}\\p{S}]?[\\p{L}\\p{M}]+| ?[\\p{P}\\p{S}]+[\\r\\n]*|\\s*[\\r\\n]+",
      "\\p{N}{1,3}(?=(?:\\p{N}{3})*(?!\\p{N}))", "[\\p{Lu}&&[^\\p{Han}]]*[\\p{Ll}]+", " ?[^(\\s|[.,!?\u2026\u3002\uFF0C])]+",
      " {2,}", "(?#note)a", "(?>a)", "(?<name>a)", "\\A +| +\\z",
      "(IMGIMG)((A|B|C){1,4})Z", "[0-9][0-9][0-9]", "\\x{1F600}+", "a{,3}b", "{", "a}", "[", "a{2", "\\"})
  void whatPublishedTokenizersHavePasses(String regex) throws IOException {
    assertThat(RegexGuard.check(regex)).isFalse();
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "a*", "a?", "(a*|b)", "a|", "(?=a)", "(?<!a)", "^", "$", "\\b", "a{0,3}", "(?:a?){1}", "\\s*(?!\\S)"})
  void whatMayFindNothingIsKnown(String regex) throws IOException {
    assertThat(RegexGuard.check(regex)).isTrue();
  }

  @ParameterizedTest
  @CsvSource(delimiter = ';', value = {"(a+)+$; repeats `(a+)+`", "(a|a)*b; repeats `(a|a)*`", "((a|a){4}){4}b; repeats",
      "x(?:a?b?){5}; of variable length",
      "a*a*b; before `b`",
      "(?:\\s+\\w*)$; before `$`", "\\s*\\s*\\s*; before `\\s*`", "(?:a{100}){1000}; unfolds",
      "a{20000}; unfolds", "(a)\\1; refers back", "(?<n>a)\\k<n>; refers back",
      "(?:(?:ab)+c){2,3}; of variable length"})
  void whatCouldSearchForEverIsRefused(String regex, String message) {
    assertThatThrownBy(() -> RegexGuard.check(regex)).isInstanceOf(IOException.class).hasMessageContaining(message);
  }
}
