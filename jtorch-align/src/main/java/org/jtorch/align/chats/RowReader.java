package org.jtorch.align.chats;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.jtorch.chat.Chat;
import org.jtorch.chat.ChatTemplate.Message;
import org.jtorch.io.JsonValues;

/// A row of a known shape as examples. What does not fit is an [IllegalArgumentException] whose text follows the row's place.
final class RowReader {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final List<String> SYSTEMS = List.of("system", "system_prompt");
  private static final List<String> LEVELS = List.of("level", "preference_level");
  private final ObjectNode row;
  private final String place;

  RowReader(ObjectNode row, String place) {
    this.row = row;
    this.place = place;
  }

  List<Example> read(ChatShape shape) {
    return switch (shape) {
      case PAIRS -> List.of(pair());
      case RANKED -> List.of(ranked());
      case LABELED -> List.of(labeled());
      case MESSAGES -> List.of(conversation(Turns.of(row.path(ChatShape.MESSAGE_LIST), Turns.USER)));
      case SHARE_GPT -> List.of(conversation(Turns.of(ChatShape.first(row, ChatShape.CONVERSATIONS), Turns.USER)));
      case TREES -> Trees.read(ChatShape.tree(row), place);
      case TASKS -> row.path(ChatShape.INSTANCES).valueStream().<Example>map(i -> conversation(join(List.of(
          new Message(Turns.USER, instruction(i.path("input")))), answer(i.path("output"))))).toList();
      case ALPACA, PROMPT_AND_ANSWER -> List.of(conversation(join(prompt(), answer(ChatShape.first(row, ChatShape.ANSWERS)))));
      case PROMPTS_ALONE -> throw new IllegalArgumentException("has no turn of the assistant, so there is nothing to learn from it");
    };
  }

  /// What the assistant is to answer: all before its last turn, which is the solution unless a field gives one.
  List<PromptRow> prompts(ChatShape shape, PromptFields fields) {
    return shape == ChatShape.PROMPTS_ALONE ? List.of(promptRow(chat(prompt()), null, fields)) : read(shape).stream().map(e -> switch (e) {
      case Example.Conversation c -> beforeLast(c.chat(), fields);
      case Example.Comparison c -> promptRow(c.prompt(), said(c.answers().getFirst()), fields);
      case Example.Judged j -> promptRow(j.prompt(), j.good() ? said(j.answer()) : null, fields);
    }).toList();
  }

  private PromptRow beforeLast(Chat chat, PromptFields fields) {
    var turns = chat.messages();
    int last = turns.size() - 1;
    if (!Turns.isAssistant(turns.get(last))) {
      return promptRow(chat, null, fields);
    }
    return promptRow(chat.withMessages(turns.subList(0, last)), turns.get(last).text(), fields);
  }

  private static String said(Example.Answer answer) {
    return answer.turns().getLast().text();
  }

  private PromptRow promptRow(Chat chat, @Nullable String answered, PromptFields fields) {
    if (chat.messages().isEmpty() || chat.messages().getLast().role().equals(Turns.SYSTEM)) {
      throw new IllegalArgumentException("asks nothing: there is no turn of the user for the assistant to answer");
    }
    if (Turns.isAssistant(chat.messages().getLast())) {
      throw new IllegalArgumentException("has two turns of the assistant at its end, so nobody asks for the last one");
    }
    String solution = fields.solutionOf(row);
    return new PromptRow(chat, solution == null ? answered : solution, fields.topicOf(row), place);
  }

  private Example conversation(List<Message> turns) {
    if (turns.stream().noneMatch(Turns::isAssistant)) {
      throw new IllegalArgumentException("has no turn of the assistant, so there is nothing to learn from it");
    }
    return new Example.Conversation(chat(turns), place);
  }

  private Example labeled() {
    boolean good = ChatShape.first(row, ChatShape.LABELS).booleanValue();
    List<Message> turns = row.path(ChatShape.MESSAGE_LIST).isArray() ? Turns.of(row.path(ChatShape.MESSAGE_LIST), Turns.USER)
        : join(prompt(), answer(ChatShape.first(row, ChatShape.ANSWERS)));
    int last = turns.size() - 1;
    if (last < 0 || !Turns.isAssistant(turns.get(last))) {
      throw new IllegalArgumentException("does not end with a turn of the assistant, which the label would judge");
    }
    return new Example.Judged(chat(turns.subList(0, last)), new Example.Answer(turns.subList(last, last + 1), grades("grades")), good, place);
  }

  private Example ranked() {
    JsonNode list = ChatShape.first(row, ChatShape.LISTS);
    JsonNode scores = row.path("scores");
    var order = IntStream.range(0, list.size()).boxed().toList();
    if (scores.isArray()) {
      if (scores.size() != list.size() || !scores.valueStream().allMatch(JsonNode::isNumber)) {
        throw new IllegalArgumentException("has " + list.size() + " answers but its `scores` are " + Turns.shortened(scores));
      }
      order = order.stream().sorted(Comparator.comparingDouble((Integer i) -> -scores.get(i).doubleValue())).toList();
    }
    var answers = order.stream().map(i -> new Example.Answer(answer(list.get(i)), null)).toList();
    return new Example.Comparison(chat(prompt()), answers, level(), margin(), place);
  }

  private Example pair() {
    JsonNode chosen = ChatShape.first(row, ChatShape.CHOSEN);
    JsonNode rejected = ChatShape.first(row, ChatShape.REJECTED);
    var good = said(chosen);
    var bad = said(rejected);
    List<Message> prompt = List.of();
    if (good.size() > 1 && !Turns.isAssistant(good.getFirst())) {               // the prompt is a part of both
      int shared = shared(good, bad);
      prompt = good.subList(0, shared);
      good = good.subList(shared, good.size());
      bad = bad.subList(shared, bad.size());
    } else {
      prompt = prompt();
    }
    var answers = new ArrayList<Example.Answer>();
    if (row.hasNonNull("edited")) {
      answers.add(new Example.Answer(answer(row.path("edited")), grades("edited_grades")));
    }
    answers.add(new Example.Answer(good, grades("chosen_grades")));
    answers.add(new Example.Answer(bad, grades("rejected_grades")));
    return new Example.Comparison(chat(prompt), answers, level(), margin(), place);
  }

  private static List<Message> said(JsonNode answer) {
    return Turns.isTranscript(answer) ? Turns.transcript(answer.textValue()) : Turns.of(answer, Turns.ASSISTANT);
  }

  /// How many turns two conversations begin with alike, so that both go on with the assistant.
  private static int shared(List<Message> a, List<Message> b) {
    int n = 0;
    while (n < Math.min(a.size(), b.size()) - 1 && a.get(n).equals(b.get(n))) {
      n++;
    }
    while (n > 0 && !(Turns.isAssistant(a.get(n)) && Turns.isAssistant(b.get(n)))) {
      n--;
    }
    if (n == 0) {
      throw new IllegalArgumentException("has two conversations that begin with different prompts, so their answers cannot be compared");
    }
    return n;
  }

  private List<Message> answer(JsonNode node) {
    var turns = Turns.of(node, Turns.ASSISTANT);
    if (turns.stream().noneMatch(Turns::isAssistant)) {
      throw new IllegalArgumentException("has an answer without a turn of the assistant: " + Turns.shortened(node));
    }
    return turns;
  }

  /// The turns before the answer, from whatever field holds them.
  private List<Message> prompt() {
    JsonNode conversation = ChatShape.first(row, ChatShape.CONVERSATIONS);
    if (conversation.isArray()) {
      return Turns.of(conversation, Turns.USER);
    }
    if (row.path(ChatShape.MESSAGE_LIST).isArray()) {
      return Turns.of(row.path(ChatShape.MESSAGE_LIST), Turns.USER);
    }
    var turns = new ArrayList<Message>();
    row.path("history").valueStream().filter(h -> h.size() == 2).forEach(h -> {
      turns.addAll(Turns.of(h.get(0), Turns.USER));
      turns.addAll(Turns.of(h.get(1), Turns.ASSISTANT));
    });
    if (row.hasNonNull(ChatShape.INSTRUCTION)) {
      turns.add(new Message(Turns.USER, instruction(row.path("input"))));
    } else if (ChatShape.has(row, ChatShape.PROMPTS)) {
      JsonNode prompt = ChatShape.first(row, ChatShape.PROMPTS);
      turns.addAll(Turns.isTranscript(prompt) ? Turns.transcript(prompt.textValue()) : Turns.of(prompt, Turns.USER));
    } else {
      throw new IllegalArgumentException("has no prompt; its fields are " + row.properties().stream().map(f -> f.getKey()).toList());
    }
    return turns;
  }

  /// The instruction, and its input after an empty line.
  private String instruction(JsonNode input) {
    if (!row.path(ChatShape.INSTRUCTION).isTextual()) {
      throw new IllegalArgumentException("has an `instruction` that is no text: " + Turns.shortened(row.path(ChatShape.INSTRUCTION)));
    }
    String text = row.path(ChatShape.INSTRUCTION).textValue();
    return input.isTextual() && !input.textValue().isBlank() ? text + "\n\n" + input.textValue() : text;
  }

  private Chat chat(List<Message> turns) {
    JsonNode system = ChatShape.first(row, SYSTEMS);
    boolean missing = turns.isEmpty() || !turns.getFirst().role().equals(Turns.SYSTEM);
    boolean given = system.isTextual() && !system.textValue().isBlank() && missing;
    return Chat.of(given ? join(List.of(new Message(Turns.SYSTEM, system.textValue())), turns) : turns).withTools(tools());
  }

  private @Nullable List<Object> tools() {
    JsonNode tools = row.path("tools");
    if (tools.isTextual() && !tools.textValue().isBlank()) {
      try {
        tools = JSON.readTree(tools.textValue());
      } catch (JsonProcessingException e) {
        throw new IllegalArgumentException("has `tools` that are no JSON: " + e.getOriginalMessage(), e);
      }
    }
    return tools.isArray() && !tools.isEmpty() ? tools.valueStream().map(RowReader::tool).toList() : null;
  }

  /// A bare function is put into the frame that templates expect.
  private static Object tool(JsonNode tool) {
    var fields = JsonValues.map(tool);
    return tool.has("function") ? fields : Map.of("type", "function", "function", fields);
  }

  private @Nullable PreferenceLevel level() {
    JsonNode level = ChatShape.first(row, LEVELS);
    return level.isTextual() ? PreferenceLevel.find(level.textValue()) : null;
  }

  private double margin() {
    return row.path("margin").isNumber() ? row.path("margin").doubleValue() : Double.NaN;
  }

  private @Nullable Grades grades(String field) {
    return row.path(field).isObject() ? Grades.of(row.path(field)) : null;
  }

  private static List<Message> join(List<Message> a, List<Message> b) {
    var all = new ArrayList<>(a);
    all.addAll(b);
    return all;
  }
}
