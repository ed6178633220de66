package org.jtorch.text;

import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/// What a tiktoken file leaves to the program that reads it, for the vocabularies of the papers. Special tokens follow
/// the ranks.
enum Tiktoken {
  /// Llama 3.1 to 3.3, by the names of Meta's reference code.
  LLAMA3(128_000, PreTokenizer.LLAMA3, false, "<|begin_of_text|>", List.of("<|begin_of_text|>", "<|end_of_text|>",
      "<|reserved_special_token_0|>", "<|reserved_special_token_1|>", "<|finetune_right_pad_id|>", "<|step_id|>",
      "<|start_header_id|>", "<|end_header_id|>", "<|eom_id|>", "<|eot_id|>", "<|python_tag|>")),
  /// Qwen 1 to 2.5.
  QWEN(151_643, PreTokenizer.QWEN2, true, "", List.of("<|endoftext|>", "<|im_start|>", "<|im_end|>")),
  /// GPT-2's vocabulary as OpenAI's `r50k_base`.
  R50K(50_256, PreTokenizer.GPT2, false, "", List.of("<|endoftext|>")),
  /// Any other: split as Llama 3 and `cl100k_base` are; its special tokens must be in `tokenizer_config.json`.
  OTHER(-1, PreTokenizer.LLAMA3, false, "", List.of());

  private static final int LLAMA3_SPECIALS = 256;
  private final int ranks;
  private final PreTokenizer split;
  private final boolean nfc;
  private final String bos;
  @SuppressWarnings("ImmutableEnumChecker") // made by List.of
  private final List<String> names;

  Tiktoken(int ranks, PreTokenizer split, boolean nfc, String bos, List<String> names) {
    this.ranks = ranks;
    this.split = split;
    this.nfc = nfc;
    this.bos = bos;
    this.names = names;
  }

  /// @param hint file name and tokenizer class in lower case: tells Qwen's vocabularies of other sizes
  static Tiktoken of(int ranks, String hint) {
    return Arrays.stream(values()).filter(t -> t.ranks == ranks).findFirst().orElse(hint.contains("qwen") ? QWEN : OTHER);
  }

  PreTokenizer split() {
    return split;
  }

  /// Whether text is normalized to composed characters first.
  boolean nfc() {
    return nfc;
  }

  /// The token that begins a text, or the empty string.
  String bos() {
    return bos;
  }

  Map<Integer, String> specials() {
    var specials = new TreeMap<Integer, String>();
    names.forEach(name -> specials.put(ranks + specials.size(), name));
    for (int reserved = 2; this == LLAMA3 && specials.size() < LLAMA3_SPECIALS; reserved++) {
      specials.put(ranks + specials.size(), "<|reserved_special_token_" + reserved + "|>");
    }
    return specials;
  }
}
