package org.jtorch.recipes.generate;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.jtorch.chat.ChatTemplate;
import org.jtorch.chat.ChatTemplate.Message;
import org.jtorch.text.Tokenizer;

/// The turns so far, and what of them fits into the model. The system message is never dropped.
///
/// A turn is a message of the user and its answer: dropping both keeps the roles alternating, as templates demand.
public final class Conversation {
  /// A rendered conversation.
  ///
  /// @param dropped turns that were too much and are forgotten now
  public record Prompt(long[] ids, int dropped) {}

  private final ChatTemplate template;
  private final Tokenizer tokenizer;
  private final @Nullable String system;
  private final List<Message> turns = new ArrayList<>();

  public Conversation(ChatTemplate template, Tokenizer tokenizer, @Nullable String system) {
    this.template = template;
    this.tokenizer = tokenizer;
    this.system = system;
  }

  /// Adds what the user says and renders all that fits into `room` tokens.
  ///
  /// @throws IllegalArgumentException if the message does not fit on its own, or the template refuses the
  ///     conversation; the conversation is then as before
  public Prompt ask(String text, int room) {
    var before = List.copyOf(turns);
    try {
      turns.add(new Message("user", text));
      int dropped = 0;
      long[] ids = render();
      while (ids.length > room && turns.size() > 1) {
        turns.subList(0, 2).clear();
        dropped++;
        ids = render();
      }
      if (ids.length > room) {
        throw new IllegalArgumentException("the message takes " + ids.length + " tokens but the model has room for " + room
            + " beside the answer; shorten it, or lower --max-new-tokens");
      }
      return new Prompt(ids, dropped);
    } catch (RuntimeException e) {
      turns.clear();
      turns.addAll(before);
      throw e;
    }
  }

  /// Adds the model's answer to the last question.
  public void answered(String text) {
    turns.add(new Message("assistant", text));
  }

  /// Forgets everything but the system message.
  public void clear() {
    turns.clear();
  }

  private long[] render() {
    var all = new ArrayList<Message>();
    if (system != null) {
      all.add(new Message("system", system));
    }
    all.addAll(turns);
    return template.ids(tokenizer, all, true);
  }
}
