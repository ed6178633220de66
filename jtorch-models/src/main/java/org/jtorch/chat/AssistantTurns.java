package org.jtorch.chat;

import java.util.Set;

/// Finds the assistant's turns of a template without `{% generation %}` blocks: see [ChatTemplate#encode].
final class AssistantTurns {
  private AssistantTurns() {}

  /// The rendered conversation with marks around each of the assistant's turns.
  static String mark(ChatTemplate template, Chat chat, boolean addGenerationPrompt, ChatMarks marks,
      Set<String> specials) {
    String whole = template.render(chat, addGenerationPrompt);
    var messages = chat.messages();
    var marked = new StringBuilder();
    int copied = 0;
    for (int i = 0; i < messages.size(); i++) {
      if (!messages.get(i).role().equals("assistant")) {
        continue;
      }
      String before = prompt(template, chat, i);
      String after = template.render(chat.withMessages(messages.subList(0, i + 1)), false);
      if (!after.startsWith(before)) {
        throw unclear(i, "the text with this turn does not go on from the generation prompt before it");
      }
      int end = whole.startsWith(after) ? after.length() : end(whole, before, after, marks, specials);
      if (end < 0 || before.length() < copied) {
        throw unclear(i, "later turns change how this one is written; end the conversation with it");
      }
      marked.append(whole, copied, before.length()).append(marks.begin())
          .append(whole, before.length(), end).append(marks.end());
      copied = end;
    }
    return marked.append(whole, copied, whole.length()).toString();
  }

  /// Where a turn ends that later turns made the template write otherwise (Qwen 3 takes the thoughts out): behind the
  /// only special token that the turn has on its own. -1 if that cannot be told.
  private static int end(String whole, String before, String after, ChatMarks marks, Set<String> specials) {
    String last = null;
    int count = 0;
    for (int i = before.length(); i < after.length(); i++) {
      String token = marks.at(after, i) ? null : marks.special(after, i);
      if (token != null) {
        last = specials.contains(token) ? token : last;
        count += specials.contains(token) ? 1 : 0;
        i += token.length() - 1;
      }
    }
    if (last == null || count > 1 || !whole.startsWith(before)) {
      return -1;
    }
    int at = whole.indexOf(last, before.length());
    return at < 0 ? -1 : at + last.length();
  }

  private static String prompt(ChatTemplate template, Chat chat, int turn) {
    try {
      return template.render(chat.withMessages(chat.messages().subList(0, turn)), true);
    } catch (RuntimeException e) {
      throw new IllegalArgumentException(unclear(turn, "it cannot render the messages before it").getMessage() + ": "
          + e.getMessage(), e);
    }
  }

  private static IllegalArgumentException unclear(int turn, String why) {
    return new IllegalArgumentException("the chat template does not show what the assistant wrote in messages[" + turn + "]: "
        + why + ", or use a template with {% generation %} blocks, such as the built-in chatml");
  }
}
