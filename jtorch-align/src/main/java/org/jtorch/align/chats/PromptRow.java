package org.jtorch.align.chats;

import org.jspecify.annotations.Nullable;
import org.jtorch.chat.Chat;

/// What the assistant is to answer, as a data set has it.
///
/// @param chat its last turn is not the assistant's
/// @param solution what a checker compares answers with; null if the row has none
/// @param topic what it is about; null if nobody asked
/// @param place `file:line`
public record PromptRow(Chat chat, @Nullable String solution, @Nullable String topic, String place) {
  String key() {
    return chat.toJson() + "\n" + solution;
  }
}
