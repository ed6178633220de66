package org.jtorch.align.chats;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import org.jtorch.chat.Chat;
import org.jtorch.chat.ChatTemplate.Message;

/// Conversation trees as OpenAssistant publishes them: messages with `text`, `role` and `replies`, each of which answers the one above.
///
/// Every way from the root to the assistant's last word is a conversation; where the assistant's replies to one message have ranks, they are a
/// comparison, too.
final class Trees {
  private final String place;
  private final List<Example> found = new ArrayList<>();

  private Trees(String place) {
    this.place = place;
  }

  static List<Example> read(JsonNode root, String place) {
    var trees = new Trees(place);
    trees.walk(root, List.of());
    if (trees.found.isEmpty()) {
      throw new IllegalArgumentException("is a tree in which the assistant says nothing");
    }
    return trees.found;
  }

  private void walk(JsonNode node, List<Message> above) {
    var turns = new ArrayList<>(above);
    turns.add(message(node));
    var replies = node.path("replies").valueStream().filter(r -> !r.path("deleted").asBoolean(false)).toList();
    boolean goesOn = replies.stream().anyMatch(r -> !r.path("replies").isEmpty() || Turns.isAssistant(message(r)));
    if (Turns.isAssistant(turns.getLast()) && !goesOn) {
      found.add(new Example.Conversation(Chat.of(turns), place));
    }
    compare(replies, turns);
    replies.forEach(r -> walk(r, turns));
  }

  private void compare(List<JsonNode> replies, List<Message> prompt) {
    var ranked = replies.stream().filter(r -> Turns.isAssistant(message(r)) && r.path("rank").isIntegralNumber())
        .sorted(Comparator.comparingInt(r -> r.path("rank").intValue())).toList();
    if (ranked.size() > 1) {
      var answers = ranked.stream().map(r -> new Example.Answer(List.of(message(r)), null)).toList();
      found.add(new Example.Comparison(Chat.of(prompt), answers, null, Double.NaN, place));
    }
  }

  private static Message message(JsonNode node) {
    if (!node.path("text").isTextual()) {
      throw new IllegalArgumentException("has a message without `text`: " + Turns.shortened(node));
    }
    return new Message(Turns.role(node.path("role")), node.path("text").textValue());
  }
}
