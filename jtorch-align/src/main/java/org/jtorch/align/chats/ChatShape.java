package org.jtorch.align.chats;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;

/// The shapes that rows of chats and judgements have, each known by its fields.
public enum ChatShape {
  /// `chosen` and `rejected`: texts, turns, or whole transcripts; with or without a prompt of their own.
  PAIRS("pairs of a chosen and a rejected answer"),
  /// `output` (or `responses`) is a list, the best answer first, or with `scores`.
  RANKED("ranked answers"),
  /// An answer and `label` (or `kto_tag`), true or false.
  LABELED("single answers with a label"),
  /// `messages` with `role` and `content`.
  MESSAGES("messages"),
  /// `conversations` with `from` and `value`.
  SHARE_GPT("ShareGPT conversations"),
  /// `instruction` and `instances` with `input` and `output`.
  TASKS("instructions with instances"),
  /// `instruction`, perhaps `input`, and `output`.
  ALPACA("Alpaca instructions"),
  /// `replies` to a message, as OpenAssistant publishes them, or `prompt` with such a message.
  TREES("conversation trees"),
  /// `prompt` and `completion`, or `question` and `answer`.
  PROMPT_AND_ANSWER("prompts with answers"),
  /// `prompt`, `instruction` or `messages` in which the assistant does not speak: to be answered.
  PROMPTS_ALONE("prompts without answers");

  static final List<String> PROMPTS = List.of("prompt", "question", "query", "problem", "input");
  static final List<String> ANSWERS = List.of("completion", "response", "output", "answer");
  static final List<String> LISTS = List.of("output", "responses", "answers", "completions");
  static final List<String> LABELS = List.of("label", "kto_tag");
  static final List<String> CONVERSATIONS = List.of("conversations", "conversation");
  static final List<String> CHOSEN = List.of("chosen", "chosen_messages");
  static final List<String> REJECTED = List.of("rejected", "rejected_messages");
  static final String INSTRUCTION = "instruction";
  static final String MESSAGE_LIST = "messages";
  static final String INSTANCES = "instances";

  private final String title;

  ChatShape(String title) {
    this.title = title;
  }

  /// What people call it.
  public String title() {
    return title;
  }

  /// The shape of a row.
  ///
  /// @throws IllegalArgumentException if it has none of them, naming its fields
  static ChatShape of(ObjectNode row) {
    if (has(row, CHOSEN) && has(row, REJECTED)) {
      return PAIRS;
    }
    if (first(row, LABELS).isBoolean()) {
      return LABELED;
    }
    if (first(row, LISTS).isArray()) {
      return RANKED;
    }
    if (row.path(MESSAGE_LIST).isArray()) {
      return Turns.answers(row.path(MESSAGE_LIST)) ? MESSAGES : PROMPTS_ALONE;
    }
    if (first(row, CONVERSATIONS).isArray()) {
      return Turns.answers(first(row, CONVERSATIONS)) ? SHARE_GPT : PROMPTS_ALONE;
    }
    if (tree(row).path("replies").isArray()) {
      return TREES;
    }
    if (row.hasNonNull(INSTRUCTION)) {
      return row.path(INSTANCES).isArray() ? TASKS : has(row, ANSWERS) ? ALPACA : PROMPTS_ALONE;
    }
    if (has(row, PROMPTS)) {
      return has(row, ANSWERS) ? PROMPT_AND_ANSWER : PROMPTS_ALONE;
    }
    throw new IllegalArgumentException("has the fields " + row.properties().stream().map(f -> f.getKey()).toList()
        + ", which are no shape that is known; known are `messages`, `conversations`, `prompt` with `completion`, `instruction` with"
        + " `output`, `chosen` with `rejected`, an answer with a `label` of true or false, and a `prompt` alone to be answered");
  }

  /// The root of a conversation tree, if the row is one.
  static JsonNode tree(JsonNode row) {
    return row.path("prompt").isObject() ? row.path("prompt") : row;
  }

  /// The first of these fields that is there and not null.
  static JsonNode first(JsonNode row, List<String> names) {
    return names.stream().filter(row::hasNonNull).map(row::path).findFirst().orElse(row.path(names.getFirst()));
  }

  static boolean has(JsonNode row, List<String> names) {
    return names.stream().anyMatch(row::hasNonNull);
  }
}
