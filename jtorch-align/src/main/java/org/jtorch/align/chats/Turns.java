package org.jtorch.align.chats;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.jtorch.chat.ChatTemplate.Message;
import org.jtorch.chat.ToolCall;
import org.jtorch.io.JsonValues;
import org.jtorch.io.Utf8;

/// Turns of a conversation, read from the spellings that data sets have: `role` and `content` or `from` and `value`, texts as strings or
/// as lists of parts, or a whole conversation as one text.
final class Turns {
  static final String ASSISTANT = "assistant";
  static final String USER = "user";
  static final String SYSTEM = "system";
  static final String TOOL = "tool";
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final Map<String, String> ROLES = Map.ofEntries(Map.entry("human", USER), Map.entry("user", USER), Map.entry("prompter", USER),
      Map.entry("gpt", ASSISTANT), Map.entry("assistant", ASSISTANT), Map.entry("model", ASSISTANT), Map.entry("chatgpt", ASSISTANT),
      Map.entry("bot", ASSISTANT), Map.entry("function_call", ASSISTANT), Map.entry("system", SYSTEM), Map.entry("developer", "developer"),
      Map.entry("tool", TOOL), Map.entry("observation", TOOL), Map.entry("function_response", TOOL), Map.entry("function", TOOL));
  private static final Set<String> OWN = Set.of("role", "from", "content", "value");
  /// Anthropic's transcripts.
  private static final Pattern SPEAKER = Pattern.compile("\\n\\n(Human|Assistant):");

  private Turns() {}

  static boolean isAssistant(Message turn) {
    return turn.role().equals(ASSISTANT);
  }

  /// Whether the assistant speaks in a list of turns. What is broken in it is found when it is read.
  static boolean answers(JsonNode turns) {
    return turns.isEmpty() || turns.valueStream().anyMatch(
        t -> ASSISTANT.equals(ROLES.getOrDefault((t.has("role") ? t.path("role") : t.path("from")).asText(""), ASSISTANT)));
  }

  /// A text is a single turn of `role`; an object one turn; a list several.
  static List<Message> of(JsonNode node, String role) {
    if (node.isTextual()) {
      return List.of(new Message(role, Utf8.wellFormed(node.textValue())));
    }
    if (node.isArray()) {
      return node.valueStream().map(Turns::one).toList();
    }
    if (node.isObject()) {
      return List.of(one(node));
    }
    throw new IllegalArgumentException("holds " + node.getNodeType() + " where a text or turns should be");
  }

  private static Message one(JsonNode turn) {
    JsonNode who = turn.has("role") ? turn.path("role") : turn.path("from");
    if (!turn.isObject() || !who.isTextual()) {
      throw new IllegalArgumentException("has a turn without `role` or `from`: " + shortened(turn));
    }
    String role = role(who);
    JsonNode said = turn.has("content") ? turn.path("content") : turn.path("value");
    var fields = new LinkedHashMap<String, Object>();
    fields.put("role", role);
    fields.put("content", content(said));
    turn.properties().stream().filter(f -> !OWN.contains(f.getKey()) && !f.getValue().isNull())
        .forEach(f -> fields.put(f.getKey(), Objects.requireNonNull(JsonValues.of(f.getValue()))));
    var message = new Message(fields);
    return who.textValue().equals("function_call") ? call(message, said) : message;
  }

  static String role(JsonNode who) {
    String role = ROLES.get(who.asText(""));
    if (role == null) {
      throw new IllegalArgumentException("has a turn of \"" + who.asText("") + "\"; known are user, assistant, system, tool, and human, gpt,"
          + " function_call, observation");
    }
    return role;
  }

  /// A list of texts becomes one text, as most templates want it; with other parts it stays a list.
  private static Object content(JsonNode said) {
    if (said.isMissingNode() || said.isNull()) {
      return "";
    }
    if (said.isTextual()) {
      return Utf8.wellFormed(said.textValue());
    }
    if (said.isArray() && said.valueStream().allMatch(part -> text(part) != null)) {
      return Utf8.wellFormed(String.join("", said.valueStream().map(part -> Objects.requireNonNull(text(part))).toList()));
    }
    if (said.isArray()) {
      return Objects.requireNonNull(JsonValues.of(said));
    }
    throw new IllegalArgumentException("has a turn whose content is " + said.getNodeType() + ", not a text");
  }

  private static @Nullable String text(JsonNode part) {
    JsonNode text = part.has("text") ? part.path("text") : part.path("value");
    return part.path("type").asText("").equals("text") && text.isTextual() ? text.textValue() : null;
  }

  /// What the assistant calls, if the text is a call: `{"name": ..., "arguments": {...}}`, or a list of them.
  private static Message call(Message turn, JsonNode said) {
    try {
      JsonNode parsed = JSON.readTree(said.asText(""));
      var calls = (parsed.isArray() ? parsed.valueStream().toList() : List.of(parsed)).stream()
          .filter(c -> c.path("name").isTextual() && c.path("arguments").isObject())
          .map(c -> new ToolCall(c.path("name").textValue(), JsonValues.map(c.path("arguments")))).toArray(ToolCall[]::new);
      return calls.length == 0 ? turn : turn.with("content", "").withToolCalls(calls);
    } catch (JsonProcessingException e) {
      return turn;
    }
  }

  /// Whether a text is a whole conversation, `\n\nHuman: ...\n\nAssistant: ...`.
  static boolean isTranscript(JsonNode node) {
    return node.isTextual() && SPEAKER.matcher(node.textValue()).lookingAt();
  }

  static List<Message> transcript(String text) {
    var turns = new ArrayList<Message>();
    var speaker = SPEAKER.matcher(text);
    boolean more = speaker.find();
    while (more) {
      String role = speaker.group(1).equals("Human") ? USER : ASSISTANT;
      int from = speaker.end();
      more = speaker.find();
      turns.add(new Message(role, Utf8.wellFormed(text.substring(from, more ? speaker.start() : text.length()).strip())));
    }
    return turns;
  }

  static String shortened(JsonNode node) {
    String text = node.toString();
    return text.length() <= 60 ? text : text.substring(0, 60) + "...";
  }
}
