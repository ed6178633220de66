package org.jtorch.recipes.pretrain;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import org.jtorch.family.TokenIds;
import org.jtorch.io.JsonFile;
import org.jtorch.text.Tokenizer;

/// The ids that end, begin and fill texts, beside the run's tokenizer: checkpoints and the finished model take them from
/// there. A model that training goes on from brings its own; the end of a document ends a text in any case.
final class SpecialIds {
  private SpecialIds() {}

  /// @param home the run's tokenizer folder
  static void write(Setup setup, Path home, String eos) {
    try (var tokenizer = Tokenizer.load(home)) {
      JsonFile.write(home.resolve("generation_config.json"), settings(setup.start(), tokenizer.requireId(eos)));
    }
  }

  private static ObjectNode settings(@Nullable Path start, int eos) {
    if (start == null) {
      return JsonNodeFactory.instance.objectNode().put(TokenIds.EOS, eos).put(TokenIds.PAD, eos);
    }
    var settings = TokenIds.generation(start);
    JsonNode ends = settings.path(TokenIds.EOS);
    if (ends.isIntegralNumber() && ends.intValue() != eos) {
      settings.putArray(TokenIds.EOS).add(ends.intValue()).add(eos);
    } else if (ends.isArray() && ends.valueStream().noneMatch(id -> id.intValue() == eos)) {
      settings.withArray(TokenIds.EOS).add(eos);
    } else if (!ends.isArray()) {
      settings.put(TokenIds.EOS, eos);
    }
    return settings;
  }
}
