package org.jtorch.align.rollout;

import org.jspecify.annotations.Nullable;
import org.jtorch.chat.Chat;

/// What a policy is to answer.
///
/// @param chat the conversation so far; its last turn is not the assistant's
/// @param tokens the same by the model's template, up to where the assistant begins to speak
/// @param solution what a checker compares answers with; null if the data has none
/// @param topic what it is about, to take as many of each; null if nobody asked
/// @param place `file:line`
@SuppressWarnings("ArrayRecordComponent") // goes into batches, never compared
public record Prompt(Chat chat, long[] tokens, @Nullable String solution, @Nullable String topic, String place) {
  /// Without a topic.
  public Prompt(Chat chat, long[] tokens, @Nullable String solution, String place) {
    this(chat, tokens, solution, null, place);
  }
}
