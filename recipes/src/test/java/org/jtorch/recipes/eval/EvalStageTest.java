package org.jtorch.recipes.eval;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.jtorch.recipes.pretrain.TinyRun;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// An evaluation as a stage behind the one that trains, and as a recipe of its own.
class EvalStageTest {
  @TempDir Path temp = Path.of("");
  private Path recipe = Path.of("");

  @BeforeEach void write() throws IOException {
    String folder = temp.toString().replace("\\", "/");
    Files.writeString(temp.resolve("rows.csv"), "q,a,b,n\nthe cat,sleeps,river,0\nthe dog,stone,runs,1\n");
    Files.writeString(temp.resolve("animals.yaml"), "type: multiple-choice\ndata: {path: rows.csv}\nprompt: \"{{ q }}\"\n"
        + "choices: \"{{ [a, b] | tojson }}\"\ngold: \"{{ n }}\"\n");
    Files.writeString(temp.resolve("tiny-needle.yaml"), "type: needle\npath: text.txt\nlengths: [60]\ndepths: [0, 100]\nneedle: \" so {answer}.\"\n"
        + "question: \" so\"\nanswers: [cat, dog]\n");
    Files.writeString(temp.resolve("story.txt"), "the small cat sleeps over the river\n");
    recipe = Files.writeString(temp.resolve("staged.yaml"), """
        name: staged
        shared:
          device: cpu
          dtype: f32
          data: {source: {type: plain-text, path: "%1$s", split: blank_line}, seq_len: 32, held_out: 0.1}
        stages:
          - type: pretrain
            name: core
            tokenizer: {type: train, vocab_size: 300}
            model: {type: llama, dim: 32, layers: 2, heads: 2, hidden: 64, max_positions: 64}
            train: {steps: 2, batch: 4, learning_rate: 3e-3}
          - type: pretrain
            name: more
            from: core
            train: {steps: 2, batch: 4, learning_rate: 3e-3}
          - type: eval
            name: check
            from: more
            compare: core
            tasks: ["%2$s/animals.yaml", "%2$s/story.txt", "%2$s/tiny-needle.yaml"]
            data_folder: "%2$s"
        """.formatted(TinyRun.text(temp).toString().replace("\\", "/"), folder));
  }

  private TinyRun.Result run(String... overrides) {
    return TinyRun.run(recipe, temp.resolve("run"), overrides);
  }

  private String runs(String... overrides) {
    var result = run(overrides);
    assertThat(result.code()).as(result.out() + result.err()).isZero();
    return result.out();
  }

  @Test void aStageAsksWhatTheStagesBeforeItLeft() throws IOException {
    assertThat(runs()).containsSubsequence("stage 3 of 3: check (eval) from more, core", "stages/more/model (cpu, f32)", "animals", "acc",
        "bits_per_byte", "stages/core/model (cpu, f32)", "McNemar exact", "all 3 stages are finished");
    Path results = temp.resolve("run/stages/check/results");
    assertThat(results.resolve("results.json")).exists();
    assertThat(Files.readAllLines(results.resolve("animals-second.jsonl"))).hasSize(2);
    assertThat(Files.readString(temp.resolve("run/report.html"))).contains("Side by side", "<td>animals</td>", "% found");
    assertThat(runs()).contains("stage 3 of 3: check (eval): finished before");
    String changed = runs("stages.check.limit=1");
    assertThat(changed).contains("core (pretrain): finished before", "check begins again, for these changed:\n  limit: 0 -> 1");
    assertThat(Files.readAllLines(results.resolve("animals.jsonl"))).hasSize(1);
  }

  @Test void itsErrorsAreFoundBeforeTheFirstStageBegins() {
    var result = run("stages.check.tasks=[anmals.yaml, helaswag]", "stages.check.compare=cor", "stages.check.dtype=i64");
    assertThat(result.code()).isEqualTo(2);
    assertThat(result.err()).contains("stages[2].tasks", "did you mean \"hellaswag\"?", "stages[2].compare", "did you mean \"core\"?", "stages[2].dtype");
    assertThat(temp.resolve("run")).doesNotExist();
    var tooLong = run("stages.core.model.max_positions=48");
    assertThat(tooLong.err()).contains("stages[2].tasks", "tiny-needle asks for 60 tokens", "allows 48");
  }

  @Test void itsPartOfThePlan() {
    var result = TinyRun.jtorch("plan", recipe.toString());
    assertThat(result.code()).as(result.err()).isZero();
    assertThat(result.out()).containsPattern("asks +animals: 2 items, about [0-9.]+ tokens").containsPattern("beside +core, [0-9,]+ parameters")
        .containsPattern("3 +check +eval +more, core");
  }

  @Test void byItself() throws IOException {
    runs();
    Path own = Files.writeString(temp.resolve("own.yaml"), "type: eval\nname: own\nfrom: \"" + temp.resolve("run/stages/core/model").toString().replace("\\", "/")
        + "\"\ntasks: [\"" + temp.resolve("story.txt").toString().replace("\\", "/") + "\"]\ndevice: cpu\n");
    var result = TinyRun.run(own, temp.resolve("own"));
    assertThat(result.code()).as(result.err()).isZero();
    assertThat(result.out()).contains("bits_per_byte", "report: ");
    assertThat(Files.readString(temp.resolve("own/report.html"))).contains("<td>story</td>", "bits_per_byte", "type: eval");
    assertThat(TinyRun.jtorch("report", temp.resolve("own").toString()).code()).isZero();
    var again = TinyRun.run(own, temp.resolve("own"));
    assertThat(again.out()).doesNotContain("bits_per_byte").contains("results: ");
    assertThat(TinyRun.run(own, temp.resolve("own"), "limit=1").err()).contains("limit: 0 -> 1");
    assertThat(TinyRun.run(own, temp.resolve("own"), "--resume", "never").code()).isEqualTo(2);
    assertThat(TinyRun.jtorch("validate", own.toString(), "from=nowhere").err()).contains("nowhere");
  }
}
