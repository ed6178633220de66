package org.jtorch.align.chats;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.zip.GZIPOutputStream;
import org.jtorch.align.chats.Problems.Kind;
import org.jtorch.chat.ChatTemplate.Message;
import org.jtorch.io.DataException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ChatSetTest {
  @TempDir Path temp;

  private ChatSet read(String... lines) throws IOException {
    return ChatSet.read(Files.write(temp.resolve("rows.jsonl"), List.of(lines)));
  }

  private Example one(String line) throws IOException {
    return read(line).examples().getFirst();
  }

  private static List<String> said(List<Message> turns) {
    return turns.stream().map(m -> m.role() + ": " + m.text()).toList();
  }

  @ParameterizedTest
  @CsvSource(delimiter = '|', textBlock = """
      MESSAGES          | {"messages": [{"role": "user", "content": "q"}, {"role": "assistant", "content": "a"}]}
      MESSAGES          | {"messages": [{"role": "user", "content": [{"type": "text", "value": "q"}]}, {"role": "assistant", "content": [{"type": "text", "text": "a"}]}]}
      SHARE_GPT         | {"conversations": [{"from": "human", "value": "q"}, {"from": "gpt", "value": "a"}]}
      PROMPT_AND_ANSWER | {"prompt": "q", "completion": "a"}
      PROMPT_AND_ANSWER | {"question": "q", "answer": "a"}
      PROMPT_AND_ANSWER | {"prompt": [{"role": "user", "content": "q"}], "completion": [{"role": "assistant", "content": "a"}]}
      ALPACA            | {"instruction": "q", "input": "", "output": "a"}
      ALPACA            | {"instruction": "q", "response": "a"}
      TASKS             | {"instruction": "q", "instances": [{"input": "", "output": "a"}]}
      """)
  void conversationsAreKnownByTheirFields(ChatShape shape, String line) throws IOException {
    var set = read(line);
    assertThat(set.shapes()).containsOnlyKeys(shape);
    assertThat(said(set.conversations().getFirst().chat().messages())).containsExactly("user: q", "assistant: a");
  }

  @ParameterizedTest
  @CsvSource(delimiter = '|', textBlock = """
      {"prompt": "q", "chosen": "a", "rejected": "b"}
      {"instruction": "q", "input": "", "output": "a", "chosen": "a", "rejected": "b"}
      {"conversations": [{"from": "human", "value": "q"}], "chosen": {"from": "gpt", "value": "a"}, "rejected": {"from": "gpt", "value": "b"}}
      {"prompt": "ignored", "chosen": [{"role": "user", "content": "q"}, {"role": "assistant", "content": "a"}], "rejected": [{"role": "user", "content": "q"}, {"role": "assistant", "content": "b"}]}
      {"prompt": [{"role": "user", "content": "q"}], "chosen": [{"role": "assistant", "content": "a"}], "rejected": [{"role": "assistant", "content": "b"}]}
      {"chosen_messages": [{"role": "user", "content": "q"}, {"role": "assistant", "content": "a"}], "rejected_messages": [{"role": "user", "content": "q"}, {"role": "assistant", "content": "b"}]}
      {"chosen": "\\n\\nHuman: q\\n\\nAssistant: a", "rejected": "\\n\\nHuman: q\\n\\nAssistant: b"}
      {"instruction": "q", "output": ["a", "b"]}
      {"prompt": "q", "responses": ["b", "a"], "scores": [1, 2.5]}
      """)
  void comparisonsHaveAPromptAndTheBestAnswerFirst(String line) throws IOException {
    var c = (Example.Comparison) one(line);
    assertThat(said(c.prompt().messages())).containsExactly("user: q");
    assertThat(c.answers()).extracting(a -> said(a.turns())).containsExactly(List.of("assistant: a"), List.of("assistant: b"));
    assertThat(said(c.best().chat().messages())).containsExactly("user: q", "assistant: a");
  }

  @Test void longerConversationsShareTheirBeginning() throws IOException {
    var c = (Example.Comparison) one("{\"chosen\": \"\\n\\nHuman: 1\\n\\nAssistant: 2\\n\\nHuman: 3\\n\\nAssistant: good\", "
        + "\"rejected\": \"\\n\\nHuman: 1\\n\\nAssistant: 2\\n\\nHuman: 3\\n\\nAssistant: bad\"}");
    assertThat(said(c.prompt().messages())).containsExactly("user: 1", "assistant: 2", "user: 3");
  }

  @Test void levelsGradesMarginsAndEditsAreRead() throws IOException {
    var c = (Example.Comparison) one("{\"prompt\": \"q\", \"chosen\": \"a\", \"rejected\": \"b\", \"edited\": \"best\", \"margin\": 0.5, "
        + "\"level\": \"slightly better\", \"chosen_grades\": {\"truthfulness\": 2}, \"rejected_grades\": {\"harmlessness\": 0}}");
    assertThat(c.level()).isEqualTo(PreferenceLevel.SLIGHTLY_BETTER);
    assertThat(c.margin()).isEqualTo(0.5);
    assertThat(c.answers()).extracting(a -> a.turns().getFirst().text()).containsExactly("best", "a", "b");
    assertThat(grades(c, 1)).containsExactly(-1, -1, 2, -1);
    assertThat(grades(c, 2)).containsExactly(-1, -1, -1, 0);
    assertThatThrownBy(() -> read("{\"prompt\": \"q\", \"chosen\": \"a\", \"rejected\": \"b\", \"level\": \"so-so\"}"))
        .isInstanceOf(DataException.class).hasMessageContaining("rows.jsonl:1 no preference level is called \"so-so\"");
  }

  private static int[] grades(Example.Comparison c, int answer) {
    return Objects.requireNonNull(c.answers().get(answer).grades()).values();
  }

  @Test void labelsJudgeTheLastTurn() throws IOException {
    var set = read("{\"prompt\": \"q\", \"completion\": \"a\", \"label\": true}",
        "{\"messages\": [{\"role\": \"user\", \"content\": \"q\"}, {\"role\": \"assistant\", \"content\": \"b\"}], \"label\": false}");
    var judged = set.only(Example.Judged.class);
    assertThat(judged).extracting(Example.Judged::good).containsExactly(true, false);
    assertThat(judged).allSatisfy(j -> assertThat(said(j.prompt().messages())).containsExactly("user: q"));
    assertThatThrownBy(() -> set.only(Example.Comparison.class)).isInstanceOf(DataException.class)
        .hasMessageContaining("has no comparison: its rows are 2 single answers with a label");
  }

  @Test void toolsSystemPromptsAndHistoryComeAlong() throws IOException {
    var call = (Example.Conversation) one("{\"conversations\": [{\"from\": \"human\", \"value\": \"time?\"}, "
        + "{\"from\": \"function_call\", \"value\": \"{\\\"name\\\": \\\"clock\\\", \\\"arguments\\\": {\\\"zone\\\": \\\"UTC\\\"}}\"}, "
        + "{\"from\": \"observation\", \"value\": \"12:00\"}, {\"from\": \"gpt\", \"value\": \"noon\"}], \"system\": \"Be short.\", "
        + "\"tools\": \"[{\\\"name\\\": \\\"clock\\\"}]\"}");
    assertThat(said(call.chat().messages())).containsExactly("system: Be short.", "user: time?", "assistant: ", "tool: 12:00", "assistant: noon");
    assertThat(call.chat().messages().get(2).fields()).containsKey("tool_calls");
    assertThat(call.chat().tools()).containsExactly(Map.of("type", "function", "function", Map.of("name", "clock")));
    var history = (Example.Conversation) one("{\"instruction\": \"and 2?\", \"input\": \"please\", \"output\": \"4\", \"history\": [[\"1?\", \"2\"]]}");
    assertThat(said(history.chat().messages())).containsExactly("user: 1?", "assistant: 2", "user: and 2?\n\nplease", "assistant: 4");
  }

  @Test void whatCannotBeUsedIsCountedAndLocated() throws IOException {
    var set = read("{\"prompt\": \"q\", \"chosen\": \"a\", \"rejected\": \"b\"}", "", "{\"prompt\": \"q\", ", "[1, 2]",
        "{\"prompt\": \"q\", \"chosen\": \"a\", \"rejected\": \"b\"}", "{\"prompt\": \"q\", \"chosen\": \" \", \"rejected\": \"b\"}",
        "{\"prompt\": \"q\", \"chosen\": \"b\", \"rejected\": \"b\"}", "{\"text\": \"what?\"}");
    assertThat(set.examples()).hasSize(1);
    assertThat(set.problems().count(Kind.BROKEN)).isEqualTo(3);
    assertThat(set.problems().leftOut()).isEqualTo(6);
    assertThat(set.problems().first(Kind.BROKEN).get(0)).contains("rows.jsonl:3 is not JSON");
    assertThat(set.problems().first(Kind.BROKEN).get(1)).contains("rows.jsonl:4 is no JSON object");
    assertThat(set.problems().first(Kind.BROKEN).get(2)).contains("rows.jsonl:8 has the fields [text]");
    assertThat(set.problems().first(Kind.DUPLICATE)).singleElement().asString().contains("rows.jsonl:5 is the same as").endsWith("rows.jsonl:1");
    assertThat(set.problems().first(Kind.EMPTY)).singleElement().asString().contains("rows.jsonl:6");
    assertThat(set.problems().first(Kind.EQUAL)).singleElement().asString().contains("rows.jsonl:7");
    assertThat(set.describe().getFirst()).contains("4 pairs of a chosen and a rejected answer; 1 are used");
    assertThat(set.describe()).anyMatch(l -> l.startsWith("3 rows broken, left out: "));
  }

  @Test void listsAndCompressedFilesAreReadLikewise() throws IOException {
    try (var out = new GZIPOutputStream(Files.newOutputStream(temp.resolve("list.json.gz")))) {
      out.write("""
          [
            {"instruction": "one", "output": "1"},
            {"instruction": "two", "output": ""},
            {"instruction": "three", "output": "3"}
          ]
          """.getBytes(UTF_8));
    }
    var set = ChatSet.read(temp.resolve("list.json.gz"));
    assertThat(set.examples()).hasSize(2);
    assertThat(set.problems().first(Kind.EMPTY)).singleElement().asString().contains("list.json.gz:3 ");
    Files.writeString(temp.resolve("cut.json"), "[{\"instruction\": \"one\", \"output\": \"1\"},\n {\"instruction\": \"tw");
    var cut = ChatSet.read(temp.resolve("cut.json"));
    assertThat(cut.examples()).hasSize(1);
    assertThat(cut.problems().first(Kind.BROKEN)).singleElement().asString().contains("cut.json:2").contains("what follows");
  }

  @Test void treesAreTheirConversationsAndRankedReplies() throws IOException {
    var set = read("{\"text\": \"q\", \"role\": \"prompter\", \"replies\": [{\"text\": \"worse\", \"role\": \"assistant\", \"rank\": 1, \"replies\": []}, "
        + "{\"text\": \"better\", \"role\": \"assistant\", \"rank\": 0, \"replies\": [{\"text\": \"and?\", \"role\": \"prompter\", \"replies\": "
        + "[{\"text\": \"that.\", \"role\": \"assistant\", \"replies\": []}]}]}]}");
    assertThat(set.only(Example.Conversation.class)).extracting(c -> said(c.chat().messages())).containsExactly(
        List.of("user: q", "assistant: worse"), List.of("user: q", "assistant: better", "user: and?", "assistant: that."));
    assertThat(set.only(Example.Comparison.class)).singleElement()
        .satisfies(c -> assertThat(c.answers()).extracting(a -> a.turns().getFirst().text()).containsExactly("better", "worse"));
  }

  @Test void anAnswerThatIsThereTwiceCountsOnce() throws IOException {
    var c = (Example.Comparison) one("{\"instruction\": \"q\", \"output\": [\"a\", \"b\", \"a\"]}");
    assertThat(c.answers()).extracting(a -> a.turns().getFirst().text()).containsExactly("a", "b");
  }

  @Test void nothingToUseIsAnErrorThatSaysWhy() throws IOException {
    assertThatThrownBy(() -> read("{\"text\": \"what?\"}")).isInstanceOf(DataException.class).hasMessageContaining("rows.jsonl:1 has the fields");
    assertThatThrownBy(() -> read("")).isInstanceOf(DataException.class).hasMessageContaining("there is none");
    assertThatThrownBy(() -> ChatSet.read(temp.resolve("none.jsonl"))).isInstanceOf(DataException.class).hasMessageContaining("none.jsonl");
  }
}
