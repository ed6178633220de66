package org.jtorch.align.rollout;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.jtorch.align.TinyPolicy;
import org.jtorch.align.chats.ChatEncoder;
import org.jtorch.align.chats.Problems;
import org.jtorch.align.chats.Problems.Kind;
import org.jtorch.align.chats.PromptFields;
import org.jtorch.align.chats.PromptRow;
import org.jtorch.align.chats.PromptSet;
import org.jtorch.chat.ChatFormat;
import org.jtorch.chat.ChatTemplate;
import org.jtorch.io.DataException;
import org.jtorch.text.Tokenizer;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class PromptsTest {
  private Tokenizer tokenizer;
  private Path temp;

  @BeforeAll @SuppressWarnings("MustBeClosedChecker") void begin(@TempDir Path folder) {
    tokenizer = TinyPolicy.load(folder);
    temp = folder;
  }

  @AfterAll void close() {
    tokenizer.close();
  }

  private Path file(String... lines) throws IOException {
    return Files.write(temp.resolve("rows.jsonl"), List.of(lines));
  }

  private PromptSet read(PromptFields fields, String... lines) throws IOException {
    return PromptSet.read(file(lines), fields);
  }

  private ChatEncoder encoder(ChatTemplate template, int most) {
    return new ChatEncoder(tokenizer, template, List.of((long) tokenizer.requireId("<|im_end|>")), most);
  }

  private static String said(PromptRow row) {
    return String.join(" / ", row.chat().messages().stream().map(m -> m.role() + ": " + m.text()).toList());
  }

  @ParameterizedTest @CsvSource(delimiter = '|', quoteCharacter = '`', nullValues = "-", textBlock = """
      {"prompt": "q"} | user: q | -
      {"problem": "q", "answer": "a"} | user: q | a
      {"question": "q", "answer": "so\\n#### 7"} | user: q | so#### 7
      {"messages": [{"role": "user", "content": "q"}]} | user: q | -
      {"messages": [{"role": "user", "content": "q"}], "ground_truth": 72} | user: q | 72
      {"prompt": [{"role": "system", "content": "s"}, {"role": "user", "content": "q"}], "reward_model": {"ground_truth": "7"}} | system: s / user: q | 7
      {"prompt": "q", "label": "yes"} | user: q | yes
      {"prompt": "q", "completion": "a", "solution": "b"} | user: q | b
      {"instruction": "q", "input": ""} | user: q | -
      {"instruction": "q", "output": "a", "system": "s"} | system: s / user: q | a
      {"messages": [{"role": "user", "content": "1"}, {"role": "assistant", "content": "2"}, {"role": "user", "content": "3"}, {"role": "assistant", "content": "4"}]} | user: 1 / assistant: 2 / user: 3 | 4
      {"messages": [{"role": "user", "content": "1"}, {"role": "assistant", "content": "2"}, {"role": "user", "content": "3"}]} | user: 1 / assistant: 2 / user: 3 | -
      {"conversations": [{"from": "human", "value": "q"}]} | user: q | -
      {"prompt": "q", "chosen": "a", "rejected": "b"} | user: q | a
      {"prompt": "q", "completion": "a", "label": true} | user: q | a
      {"prompt": "q", "completion": "a", "label": false} | user: q | -
      """)
  void everyShapeHasAPromptAndPerhapsASolution(String line, String turns, String solution) throws IOException {
    var row = read(PromptFields.USUAL, line).rows().getFirst();
    assertThat(said(row)).isEqualTo(turns);
    assertThat(row.solution() == null ? null : row.solution().replace("\n", "")).isEqualTo(solution);
    assertThat(row.place()).endsWith("rows.jsonl:1");
  }

  @Test void fieldsMayBeNamed() throws IOException {
    var set = read(new PromptFields("test_list", "subject"), "{\"prompt\": \"q\", \"test_list\": [\"a\", \"b\"], \"subject\": \"sums\"}",
        "{\"prompt\": \"r\", \"subject\": \"sums\"}");
    assertThat(set.rows()).singleElement().satisfies(r -> {
      assertThat(r.solution()).isEqualTo("a\nb");
      assertThat(r.topic()).isEqualTo("sums");
    });
    assertThat(set.problems().first(Kind.BROKEN)).singleElement().asString()
        .contains("rows.jsonl:2 has no text or number in `test_list`; its fields are [prompt, subject]");
  }

  @Test void whatAsksNothingIsCountedAndLocated() throws IOException {
    var set = read(PromptFields.USUAL, "{\"prompt\": \"q\"}", "{\"prompt\": \"q\"}", "{\"prompt\": \" \"}", "{",
        "{\"messages\": [{\"role\": \"system\", \"content\": \"s\"}]}", "{\"messages\": [{\"role\": \"assistant\", \"content\": \"s\"}]}", "{\"text\": 1}");
    assertThat(set.rows()).hasSize(1);
    assertThat(set.problems().count(Kind.DUPLICATE)).isOne();
    assertThat(set.problems().count(Kind.BROKEN)).isEqualTo(5);
    assertThat(set.describe().getFirst()).endsWith("rows.jsonl: 1 prompt of 3 prompts without answers");
    var file = file("{\"messages\": []}");
    assertThatThrownBy(() -> PromptSet.read(file, PromptFields.USUAL)).isInstanceOf(DataException.class).hasMessageContaining("holds a prompt");
  }

  @Test void promptsEndWhereTheAssistantBegins() throws IOException {
    var problems = new Problems();
    var prompts = Prompts.read(file("{\"prompt\": \"What is 1 plus one?\"}", "{\"prompt\": \"" + "cat ".repeat(50) + "\"}"), PromptFields.USUAL,
        encoder(ChatTemplate.of(ChatFormat.CHATML, tokenizer), 40), problems);
    assertThat(prompts).hasSize(1);
    assertThat(tokenizer.decode(prompts.getFirst().tokens(), false))
        .isEqualTo("<|im_start|>user\nWhat is 1 plus one?<|im_end|>\n<|im_start|>assistant\n");
    assertThat(problems.first(Kind.TOO_LONG)).singleElement().asString().contains("rows.jsonl:2 has ").endsWith("tokens, and a prompt may have 40");
    var one = file("{\"prompt\": \"" + "cat ".repeat(50) + "\"}");
    assertThatThrownBy(() -> Prompts.read(one, PromptFields.USUAL, encoder(ChatTemplate.of(ChatFormat.CHATML, tokenizer), 40), new Problems()))
        .isInstanceOf(DataException.class).hasMessageContaining("no prompt has at most 40 tokens: 1 row too long");
  }

  @Test void aTemplateNeedsAGenerationPromptUnlessItWritesNothingThere() throws IOException {
    var mute = ChatTemplate.of("{% for m in messages %}<|im_start|>{{ m.role }}\n{{ m.content }}<|im_end|>\n{% endfor %}", Map.of());
    var file = file("{\"prompt\": \"q\"}");
    assertThatThrownBy(() -> Prompts.read(file, PromptFields.USUAL, encoder(mute, 40), new Problems())).isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("the chat template has no generation prompt: it writes \"<|im_start|>assistant\" before an answer");
    var inst = ChatTemplate.of("{% for m in messages %}{% if m.role == 'user' %}[INST] {{ m.content }} [/INST]{% else %} {{ m.content }}<|im_end|>{% endif %}{% endfor %}",
        Map.of());
    assertThat(Prompts.read(file, PromptFields.USUAL, encoder(inst, 40), new Problems())).hasSize(1);
  }
}
