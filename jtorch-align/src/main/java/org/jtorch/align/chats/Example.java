package org.jtorch.align.chats;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.jtorch.chat.Chat;
import org.jtorch.chat.ChatTemplate.Message;

/// A row of a data set, whatever shape it had in its file.
public sealed interface Example {
  /// `file:line`
  String place();

  /// What makes two rows the same.
  String key();

  /// A conversation in which the assistant speaks: to imitate.
  record Conversation(Chat chat, String place) implements Example {
    @Override public String key() {
      return chat.toJson().toString();
    }
  }

  /// Two or more answers to one prompt, the best first.
  ///
  /// @param level how much better the first is than the second; null if the file does not say
  /// @param margin by how much the first should lead, for a loss with a margin; NaN if the file does not say
  record Comparison(Chat prompt, List<Answer> answers, @Nullable PreferenceLevel level, double margin, String place) implements Example {
    public Comparison {
      answers = List.copyOf(answers);
      if (answers.size() < 2) {
        throw new IllegalArgumentException("a comparison needs two answers or more, the best first, but has " + answers.size());
      }
    }

    @Override public String key() {
      return prompt.toJson() + "\n" + String.join("\n", answers.stream().map(Answer::key).toList());
    }

    /// The answers without those that are there already, higher up.
    List<Answer> distinct() {
      var seen = new HashSet<String>();
      return answers.stream().filter(a -> seen.add(a.key())).toList();
    }

    /// The prompt with its best answer: to imitate.
    public Conversation best() {
      return new Conversation(with(prompt, answers.getFirst().turns()), place);
    }
  }

  /// One answer, and whether it is good: what KTO learns from.
  record Judged(Chat prompt, Answer answer, boolean good, String place) implements Example {
    @Override public String key() {
      return prompt.toJson() + "\n" + answer.key() + "\n" + good;
    }
  }

  /// What the assistant says, with what others say in between.
  ///
  /// @param grades judgements of this answer alone; null if the file has none
  record Answer(List<Message> turns, @Nullable Grades grades) {
    public Answer {
      turns = List.copyOf(turns);
    }

    String key() {
      return Chat.of(turns).toJson().toString();
    }

    /// False if the assistant says nothing and calls no tool.
    boolean says() {
      return Example.says(turns);
    }
  }

  /// The prompt with further turns.
  static Chat with(Chat prompt, List<Message> turns) {
    var all = new ArrayList<>(prompt.messages());
    all.addAll(turns);
    return prompt.withMessages(all);
  }

  /// Whether every turn of the assistant has a text or a call.
  static boolean says(List<Message> turns) {
    return turns.stream().filter(Turns::isAssistant).allMatch(t -> !t.text().isBlank() || t.fields().get("tool_calls") != null);
  }
}
