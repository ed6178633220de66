package org.jtorch.align.committee;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import org.jtorch.align.sampling.Sampled;
import org.jtorch.io.DataException;

/// What a committee writes, in the shapes that data sets have.
final class Rows {
  private Rows() {}

  static ObjectNode conversation(Sampled kept) {
    return Objects.requireNonNull(kept.conversation(), "asked of answers that are kept");
  }

  /// What the assistant said.
  static JsonNode answer(Sampled kept) {
    ArrayNode turns = turns(kept);
    return turns.get(turns.size() - 1);
  }

  private static ArrayNode turns(Sampled kept) {
    return (ArrayNode) conversation(kept).path("messages");
  }

  /// A judged pair.
  ///
  /// @param names of the members that gave the better and the worse answer
  static ObjectNode pair(Sampled better, Sampled worse, double gap, Levels levels, List<String> names) {
    var prompt = turns(better).deepCopy();
    prompt.remove(prompt.size() - 1);
    var row = JsonNodeFactory.instance.objectNode();
    row.set("prompt", prompt);
    row.putArray("chosen").add(answer(better));
    row.putArray("rejected").add(answer(worse));
    if (conversation(better).has("tools")) {
      row.set("tools", conversation(better).get("tools"));
    }
    row.put("margin", gap).put("level", levels.of(gap).words());
    row.putArray("members").add(names.getFirst()).add(names.getLast());
    return row;
  }

  static void write(Path file, List<ObjectNode> rows) {
    var text = new StringBuilder();
    rows.forEach(row -> text.append(row).append('\n'));
    try {
      Files.writeString(file, text, UTF_8);
    } catch (IOException e) {
      throw DataException.cannotWrite(file, e);
    }
  }
}
