package org.jtorch.gguf;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.Map;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.jtorch.text.PreTokenizer;

/// llama.cpp does not read a tokenizer's regular expression; it has a name for each that it knows.
final class PreTokenizers {
  private static final Map<String, String> NAMES = Map.of(PreTokenizer.GPT2.regex(), "gpt-2",
      PreTokenizer.LLAMA3.regex(), "llama-bpe", PreTokenizer.QWEN2.regex(), "qwen2");

  private PreTokenizers() {}

  /// The name of the way in which a `tokenizer.json` cuts text into words, or null if llama.cpp has none that we know.
  static @Nullable String named(JsonNode tokenizer) {
    var steps = flat(tokenizer.path("pre_tokenizer")).toList();
    for (var step : steps) {
      if (step.path("type").asText("").equals("Split")) {
        return NAMES.get(step.path("pattern").path("Regex").asText(""));
      }
    }
    boolean gpt2 = steps.size() == 1 && steps.getFirst().path("type").asText("").equals("ByteLevel")
        && steps.getFirst().path("use_regex").asBoolean(true);
    return gpt2 ? "gpt-2" : null;
  }

  private static Stream<JsonNode> flat(JsonNode step) {
    return step.path("type").asText("").equals("Sequence") ? step.path("pretokenizers").valueStream().flatMap(PreTokenizers::flat)
        : Stream.of(step);
  }
}
