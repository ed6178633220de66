package org.jtorch.text;

import java.util.regex.Pattern;

/// How text is cut into words before byte pairs are merged; merges never cross a cut.
public enum PreTokenizer {
  /// GPT-2: contractions, letters, digit runs and punctuation, each with one leading space.
  GPT2("'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+"),
  /// Llama 3: digits in groups of up to three, line breaks kept with the punctuation before them.
  LLAMA3("(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*"
      + "|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+"),
  /// Qwen 2: as Llama 3, but every digit is a word.
  QWEN2("(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*"
      + "|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+");

  private final String regex;
  private final Pattern pattern;

  PreTokenizer(String regex) {
    this.regex = regex;
    // Java's \s knows ASCII only and its (?i) too; Hugging Face's regular expressions know Unicode.
    this.pattern = Pattern.compile(regex.replace("\\s", "\\p{IsWhite_Space}").replace("\\S", "\\P{IsWhite_Space}")
        .replace("(?i:", "(?iu:"));
  }

  /// The expression in the dialect of `tokenizer.json`.
  public String regex() {
    return regex;
  }

  /// The same expression in Java's dialect.
  public Pattern pattern() {
    return pattern;
  }
}
