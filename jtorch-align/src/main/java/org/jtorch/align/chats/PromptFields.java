package org.jtorch.align.chats;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/// The fields of a row that say something about its prompt.
///
/// @param solution what checkers compare with: a text, a number, or a list of texts, which become lines; null for `ground_truth`,
///     `reward_model.ground_truth`, `solution` or a `label` that is a text, whichever is there, and else what the assistant says last
/// @param topic what a prompt is about, to take as many of each; null for none
public record PromptFields(@Nullable String solution, @Nullable String topic) {
  public static final PromptFields USUAL = new PromptFields(null, null);
  private static final List<String> SOLUTIONS = List.of("ground_truth", "reward_model", "solution", "label");

  @Nullable String solutionOf(ObjectNode row) {
    if (solution != null) {
      return required(row, solution);
    }
    return SOLUTIONS.stream().map(row::path).map(n -> n.isObject() ? n.path("ground_truth") : n).map(PromptFields::text)
        .filter(Objects::nonNull).findFirst().orElse(null);
  }

  @Nullable String topicOf(ObjectNode row) {
    return topic == null ? null : required(row, topic);
  }

  private static String required(ObjectNode row, String field) {
    String text = text(row.path(field));
    if (text == null) {
      throw new IllegalArgumentException("has no text or number in `" + field + "`; its fields are "
          + row.properties().stream().map(f -> f.getKey()).toList());
    }
    return text;
  }

  private static @Nullable String text(JsonNode node) {
    if (node.isTextual() || node.isNumber()) {
      return node.asText();
    }
    return node.isArray() && !node.isEmpty() && node.valueStream().allMatch(JsonNode::isTextual)
        ? String.join("\n", node.valueStream().map(JsonNode::textValue).toList()) : null;
  }
}
