package org.jtorch.eval.task;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import org.jtorch.data.TableRow;
import org.jtorch.eval.Prompted;
import org.jtorch.io.DataException;
import org.junit.jupiter.api.Test;

/// Rows to prompts.
class TemplatesTest {
  private static final TableRow ROW = new TableRow("f:3", Map.of("q", "2 + 2?", "options", List.of("three", "four"), "n", 1L, "label", "1"));

  private static RowTemplate template(String source) {
    return new RowTemplate("prompt", source);
  }

  @Test void choices() {
    var templates = new ItemTemplates.Choices(template("Q: {{ q }}\nA:"), template("{{ options | tojson }}"), template("{{ label }}"), " ");
    var item = templates.item(ROW, "Before.\n");
    assertThat(item.choices()).containsExactly(new Prompted("Before.\nQ: 2 + 2?\nA:", " three"), new Prompted("Before.\nQ: 2 + 2?\nA:", " four"));
    assertThat(item.answers()).containsExactly("three", "four");
    assertThat(item.gold()).isEqualTo(1);
    assertThat(templates.example(ROW)).isEqualTo("Q: 2 + 2?\nA: four");
  }

  @Test void blanksCompletionsAndWrittenAnswers() {
    var blanks = new ItemTemplates.Blanks(template("{{ options | tojson }}"), template("{{ q }}"), template("{{ n }}"), ", ");
    assertThat(blanks.item(ROW, "").choices()).containsExactly(new Prompted("three", ", 2 + 2?"), new Prompted("four", ", 2 + 2?"));
    assertThat(blanks.example(ROW)).isEqualTo("four, 2 + 2?");
    var completion = new ItemTemplates.Completion(template("{{ q }}"), template("{{ n }}"), " ");
    assertThat(completion.item(ROW, "B ").text()).isEqualTo(new Prompted("B 2 + 2?", " 1"));
    var written = new ItemTemplates.Written(template("{{ q }}"), template("{{ n }}"), template("it is {{ n }}"), " ");
    assertThat(written.item(ROW, "B ")).isEqualTo(new WritingTask.Item("f:3", "B 2 + 2?", List.of("1")));
    assertThat(written.example(ROW)).isEqualTo("2 + 2? it is 1");
  }

  @Test void replacements() {
    var replaced = new RowTemplate("prompt", "{{ q }}  {{ options | tojson }}", List.of(
        new RowTemplate.Replacement(Pattern.compile("\\d"), "#"), new RowTemplate.Replacement(Pattern.compile("  "), " ")));
    assertThat(replaced.text(ROW)).isEqualTo("# + #? [\"three\", \"four\"]");
    assertThat(new RowTemplate("choices", "{{ options | tojson }}", List.of(new RowTemplate.Replacement(Pattern.compile("\""), "'"))).texts(ROW))
        .containsExactly("three", "four");
  }

  @Test void whatDoesNotFitNamesTheRow() {
    assertThatThrownBy(() -> template("{{ question }}").text(ROW)).isInstanceOf(DataException.class)
        .hasMessageContainingAll("f:3", "`question`", "`prompt`");
    assertThatThrownBy(() -> template("{{ options }}").texts(ROW)).isInstanceOf(DataException.class).hasMessageContaining("JSON list");
    assertThatThrownBy(() -> template("{{ q }}").index(ROW, 2)).isInstanceOf(DataException.class).hasMessageContaining("0 to 1");
    assertThatThrownBy(() -> template("7").index(ROW, 2)).isInstanceOf(DataException.class).hasMessageContaining("\"7\"");
    assertThatThrownBy(() -> template("{{ q.missing.more }}").text(ROW)).isInstanceOf(DataException.class).hasMessageContaining("f:3");
    assertThatIllegalArgumentException().isThrownBy(() -> template("{{ q")).withMessageContaining("`prompt` is no template");
  }

  @Test void examplesComeFirstOrByLot() {
    var rows = IntStream.range(0, 9).mapToObj(i -> new TableRow("f:" + i, Map.of("q", "q" + i, "a", "a" + i))).toList();
    var templates = new ItemTemplates.Completion(template("{{ q }}"), template("{{ a }}"), "=");
    assertThat(new Shots(2, false, 1, ";\n").before("D\n", rows, templates)).isEqualTo("D\nq0=a0;\nq1=a1;\n");
    assertThat(Shots.NONE.before("D\n", List.of(), templates)).isEqualTo("D\n");
    String drawn = new Shots(3, true, 1, ";").before("", rows, templates);
    assertThat(drawn).isEqualTo(new Shots(3, true, 1, ";").before("", rows, templates)).matches("(q(\\d)=a\\2;){3}");
    assertThat(drawn).isNotEqualTo(new Shots(3, true, 2, ";").before("", rows, templates));
    assertThatIllegalArgumentException().isThrownBy(() -> new Shots(10, false, 1, "").before("", rows, templates)).withMessageContaining("only 9");
    assertThatIllegalArgumentException().isThrownBy(() -> new Shots(-1, false, 1, "")).withMessageContaining("`count`");
  }
}
