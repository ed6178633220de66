package org.jtorch.recipes.eval;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.zip.GZIPOutputStream;
import org.jtorch.eval.Prompted;
import org.jtorch.eval.task.ChoiceTask;
import org.jtorch.eval.task.CompletionTask;
import org.jtorch.eval.task.EvalTask;
import org.jtorch.eval.task.NeedleTask;
import org.jtorch.eval.task.TextTask;
import org.jtorch.eval.task.WritingTask;
import org.jtorch.io.DataException;
import org.jtorch.recipes.config.RecipeException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// The built-in tasks on rows of the formats they read, and tasks of one's own.
class TaskSetTest {
  @TempDir Path temp = Path.of("");

  private Path write(String name, String text) throws IOException {
    Path file = temp.resolve(name);
    Files.createDirectories(Objects.requireNonNull(file.getParent()));
    return Files.writeString(file, text);
  }

  private EvalTask task(String name) {
    var sets = TaskSet.load(List.of(name), temp, 0);
    assertThat(sets).hasSize(1);
    assertThat(sets.getFirst().parts()).hasSize(1);
    return sets.getFirst().parts().getFirst();
  }

  private ChoiceTask.Item choice(String name) {
    return ((ChoiceTask) task(name)).items().getFirst();
  }

  /// The file that a built-in task reads, under its own name; what ends in .gz is compressed.
  private void data(String name, String text) throws IOException {
    Path file = temp.resolve(name);
    Files.createDirectories(Objects.requireNonNull(file.getParent()));
    try (var out = name.endsWith(".gz") ? new GZIPOutputStream(Files.newOutputStream(file)) : Files.newOutputStream(file)) {
      out.write(text.getBytes(StandardCharsets.UTF_8));
    }
  }

  @Test void arc() throws IOException {
    data("multiple-choice/arc_easy.jsonl.gz", "{\"choices\": [\"gray\", \"warm\", \"long\"], \"query\": \"Question: Which is a colour?\", \"gold\": 0}\n");
    var item = choice("arc-easy");
    assertThat(item.choices().get(1)).isEqualTo(new Prompted("Question: Which is a colour?\nAnswer:", " warm"));
    assertThat(item.answers()).containsExactly("gray", "warm", "long");
    assertThat(item.gold()).isZero();
  }

  @Test void questionsAndAnswersInOneText() throws IOException {
    String row = "[{\"instruction\": \"Please choose the correct answer to the question: The sun is\\n\\nAnswer1: cold Answer2: a star "
        + "Answer3: far, and old\\n\\nAnswer format: answer1/answer2/answer3\", \"input\": \"\", \"answer\": \"answer2\"}]";
    data("llm-adapters-commonsense/openbookqa_test.json", row);
    data("llm-adapters-commonsense/ARC-Challenge_test.json.gz", row);
    data("llm-adapters-commonsense/social_i_qa_test.json.gz", row);
    for (String name : List.of("openbookqa", "arc-challenge", "social-iqa")) {
      var item = choice(name);
      assertThat(item.choices().getFirst()).isEqualTo(new Prompted("Question: The sun is\nAnswer:", " cold"));
      assertThat(item.answers()).containsExactly("cold", "a star", "far, and old");
      assertThat(item.gold()).isEqualTo(1);
    }
  }

  @Test void hellaswag() throws IOException {
    data("multiple-choice/hellaswag_subset.jsonl.gz", "{\"activity_label\": \"Roof\", \"ctx_a\": \"[header] How to  [title] Climb.\", "
        + "\"ctx_b\": \"a Man\", \"endings\": [\" goes [step] up. \", \"falls.\"], \"label\": 1}");
    var item = choice("hellaswag");
    assertThat(item.choices().getFirst()).isEqualTo(new Prompted("Roof: How to . Climb. A man", " goes up."));
    assertThat(item.answers()).containsExactly("goes up.", "falls.");
    assertThat(item.gold()).isEqualTo(1);
  }

  @Test void piqaAndBoolq() throws IOException {
    data("multiple-choice/piqa_valid.jsonl.gz", "{\"goal\": \"open\", \"sol1\": \"push\", \"sol2\": \"pull\"}\n{\"goal\": \"shut\", \"sol1\": \"a\", \"sol2\": \"b\"}");
    data("multiple-choice/piqa_valid-labels.lst", "1\n0\n");
    var piqa = (ChoiceTask) task("piqa");
    assertThat(piqa.items()).extracting(ChoiceTask.Item::gold).containsExactly(1, 0);
    assertThat(piqa.items().getFirst().choices().get(1)).isEqualTo(new Prompted("Question: open\nAnswer:", " pull"));
    data("multiple-choice/boolq_dev.jsonl.gz", "{\"question\": \"is it\", \"title\": \"t\", \"answer\": false, \"passage\": \"It is.\"}");
    var boolq = choice("boolq");
    assertThat(boolq.choices()).containsExactly(new Prompted("It is.\nQuestion: is it?\nAnswer:", " no"), new Prompted("It is.\nQuestion: is it?\nAnswer:", " yes"));
    assertThat(boolq.gold()).isZero();
  }

  @Test void winograndeInBothFormats() throws IOException {
    for (String row : List.of("{\"sentence\": \"Ann saw Eve, so _ ran .\", \"option1\": \"Ann\", \"option2\": \"Eve\", \"answer\": \"2\"}",
        "{\"instruction\": \"Please choose the correct answer to fill in the blank to complete the given sentence: Ann saw Eve, so _ ran ."
            + "\\n\\nOption1: Ann Option2: Eve Answer format: option1/option2\", \"answer\": \"option2\"}")) {
      data("llm-adapters-commonsense/winogrande_test.json.gz", row);
      var item = choice("winogrande");
      assertThat(item.choices()).containsExactly(new Prompted("Ann saw Eve, so Ann", " ran ."), new Prompted("Ann saw Eve, so Eve", " ran ."));
      assertThat(item.gold()).isEqualTo(1);
    }
  }

  @Test void mmluHasAPartForEachSubjectWithItsExamples() throws IOException {
    for (String subject : List.of("anatomy", "world_history")) {
      write("mmlu/test/" + subject + "_test.csv", "\"What, " + subject + "?\",a,b,c,d,C\nMore?,1,2,3,4,A\n");
      write("mmlu/dev/" + subject + "_dev.csv", "E?,w,x,y,z,B\n".repeat(5));
    }
    var sets = TaskSet.load(List.of("mmlu"), temp, 1);
    assertThat(sets.getFirst().parts()).extracting(EvalTask::name).containsExactly("mmlu/anatomy", "mmlu/world_history");
    assertThat(sets.getFirst().size()).isEqualTo(2);
    var item = ((ChoiceTask) sets.getFirst().parts().get(1)).items().getFirst();
    assertThat(item.gold()).isEqualTo(2);
    assertThat(item.choices().get(3)).isEqualTo(new Prompted(
        "The following are multiple choice questions (with answers) about world history.\n\n"
            + "E?\nA. w\nB. x\nC. y\nD. z\nAnswer: B\n\n".repeat(5) + "What, world_history?\nA. a\nB. b\nC. c\nD. d\nAnswer:", " D"));
  }

  @Test void gsm8kAndLambada() throws IOException {
    write("gsm8k/test.jsonl", "{\"question\": \"1 + 1?\", \"answer\": \"It is <<1+1=2>>2.\\n#### 2\"}\n");
    write("gsm8k/train.jsonl", "{\"question\": \"3?\", \"answer\": \"3\\n#### 3\"}\n".repeat(6));
    var gsm = (WritingTask) task("gsm8k");
    assertThat(gsm.items().getFirst().prompt()).isEqualTo("Question: 3?\nAnswer: 3\n#### 3\n\n".repeat(5) + "Question: 1 + 1?\nAnswer:");
    assertThat(gsm.items().getFirst().answers()).containsExactly("2");
    assertThat(gsm.extractions()).containsOnlyKeys("strict_match", "flexible_match");
    assertThat(gsm.stops()).contains("Question:");
    data("lambada/lambada_test.jsonl.gz", "{\"text\": \"Once upon  a\\ntime\"}");
    assertThat(((CompletionTask) task("lambada")).items().getFirst().text()).isEqualTo(new Prompted("Once upon ", " a\ntime"));
  }

  @Test void needleNeedsNoData() {
    var needle = (NeedleTask) task("needle");
    assertThat(needle.text().length()).isGreaterThan(300_000);
    assertThat(needle.size()).isEqualTo(3 * 11 * 2);
  }

  @Test void textsAreTasks() throws IOException {
    Path one = write("one.txt", "Once.\n");
    Path two = write("two.jsonl", "{\"text\": \"a\"}\n{\"text\": \"b\"}\n");
    var sets = TaskSet.load(List.of(one.toString(), two.toString()), temp, 1);
    assertThat(sets).extracting(TaskSet::name).containsExactly("one", "two");
    assertThat(((TextTask) sets.get(0).parts().getFirst()).texts().getFirst().text()).isEqualTo("Once.\n");
    assertThat(sets.get(1).size()).isEqualTo(1);
  }

  @Test void tasksOfOnesOwn() throws IOException {
    write("rows.csv", "q,a\nsky,blue\n");
    Path own = write("mine.yaml", "type: completion\ndata: {path: rows.csv}\nprompt: \"The {{ q }} is\"\nanswer: \"{{ a }}\"\n");
    Path over = write("over.yaml", "extends: mine.yaml\ndelimiter: \" so \"\n");
    assertThat(((CompletionTask) task(own.toString())).items().getFirst().text()).isEqualTo(new Prompted("The sky is", " blue"));
    assertThat(((CompletionTask) task(over.toString())).items().getFirst().text()).isEqualTo(new Prompted("The sky is", " so blue"));
  }

  @Test void everythingThatIsWrongIsSaidAtOnce() throws IOException {
    write("rows.csv", "q,a\nsky,blue\n");
    Path bad = write("bad.yaml", "type: completion\ndata: {path: rows.csv, colums: [a]}\nprompt: \"{{ q\"\nanswer: x\n");
    assertThatThrownBy(() -> TaskSet.load(List.of("helaswag", "hellaswag", "nothing.txt", bad.toString()), temp, 0))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContainingAll("did you mean \"hellaswag\"?", "nothing.txt", "colums", "did you mean \"columns\"", "--data");
    assertThatThrownBy(() -> TaskSet.load(List.of("hellaswag", "piqa"), temp, 0)).isInstanceOf(DataException.class)
        .hasMessageContainingAll("hellaswag_subset.jsonl.gz", "piqa_valid.jsonl.gz");
    assertThatThrownBy(() -> TaskSet.load(List.of(), temp, 0)).isInstanceOf(IllegalArgumentException.class).hasMessageContaining("hellaswag, piqa");
    assertThatThrownBy(() -> TaskSet.load(List.of("needle", "needle"), temp, 0)).hasMessageContaining("give each once");
    Path template = write("t.yaml", "type: completion\ndata: {path: rows.csv}\nprompt: \"{{ q\"\nanswer: x\n");
    assertThatThrownBy(() -> TaskSet.load(List.of(template.toString()), temp, 0)).isInstanceOf(RecipeException.class).hasMessageContaining("no template");
    Path kind = write("k.yaml", "type: completoin\n");
    assertThatThrownBy(() -> TaskSet.load(List.of(kind.toString()), temp, 0)).hasMessageContaining("did you mean \"completion\"");
    Path column = write("c.yaml", "type: completion\ndata: {path: rows.csv}\nprompt: \"{{ question }}\"\nanswer: x\n");
    assertThatThrownBy(() -> TaskSet.load(List.of(column.toString()), temp, 0)).isInstanceOf(DataException.class)
        .hasMessageContainingAll("rows.csv:2", "`question`");
    Path numbers = write("n.yaml", "type: needle\nlengths: [64, 64]\ninstances: 1\n");
    assertThatThrownBy(() -> TaskSet.load(List.of(numbers.toString()), temp, 0)).isInstanceOf(RecipeException.class).hasMessageContaining("lengths");
  }

  /// Every shipped task says what it is for and what rows it reads.
  @Test void everyTaskHasAHeader() throws IOException {
    for (String name : TaskCatalog.names()) {
      try (var in = TaskSetTest.class.getResourceAsStream("/tasks/" + name + ".yaml")) {
        assertThat(in).as(name).isNotNull();
        String text = new String(in.readAllBytes(), StandardCharsets.UTF_8);
        assertThat(text).startsWith("# Purpose: ").contains("\n# Rows:    ");
        assertThat(TaskCatalog.load(name)).isNotNull();
      }
    }
    assertThat(TaskCatalog.names()).hasSize(12).doesNotHaveDuplicates();
  }
}
