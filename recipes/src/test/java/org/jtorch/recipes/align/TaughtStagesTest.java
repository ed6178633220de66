package org.jtorch.recipes.align;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import org.jtorch.distill.GkdTrainer;
import org.jtorch.observe.EvalEvent;
import org.jtorch.observe.MetricsFile;
import org.jtorch.recipes.pretrain.TinyRun;
import org.jtorch.tensor.TensorScope;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// A teacher that is an earlier stage: beside its student, captured, and along the student's own answers.
class TaughtStagesTest {
  @TempDir Path temp = Path.of("");
  private String text = "";

  @BeforeEach void write() throws IOException {
    text = TinyRun.text(temp).toString().replace("\\", "/");
  }

  private TinyRun.Result run(Path recipe, String... overrides) {
    var result = TinyRun.run(recipe, temp.resolve("run"), overrides);
    assertThat(TensorScope.stats().live()).isZero();
    return result;
  }

  private MetricsFile metrics(String stage) {
    return MetricsFile.read(temp.resolve("run/stages/" + stage + "/metrics.jsonl"));
  }

  private Path distilled() throws IOException {
    return Files.writeString(temp.resolve("distilled.yaml"), """
        name: distilled
        shared:
          device: cpu
          dtype: f32
          data: {source: {type: plain-text, path: "%s", split: blank_line}, seq_len: 32, held_out: 0.1}
          tokenizer: {type: train, vocab_size: 300}
          train: {steps: 3, batch: 4, learning_rate: 3e-3}
        stages:
          - {type: pretrain, name: large, model: {type: llama, dim: 32, layers: 2, heads: 2, hidden: 64}}
          - {type: capture, name: kept, teacher: large, top_k: 300, batch: 8}
          - type: pretrain
            name: student
            model: {type: llama, dim: 32, layers: 1, heads: 2, hidden: 64}
            train: {loss: {type: captured, path: kept, target: tail}}
          - type: pretrain
            name: beside
            model: {type: llama, dim: 32, layers: 1, heads: 2, hidden: 64}
            train: {loss: {type: distill, kind: forward, teacher: large}}
        """.formatted(text));
  }

  @Test void anEarlierStageTeachesBesideTheStudentAndCaptured() throws IOException {
    Path recipe = distilled();
    var plan = TinyRun.jtorch("plan", recipe.toString());
    assertThat(plan.code()).as(plan.out() + plan.err()).isZero();
    assertThat(plan.out()).contains("on the disk: 300 of each of about", "beside the figures here");
    var result = run(recipe);
    assertThat(result.code()).as(result.out() + result.err()).isZero();
    assertThat(result.out()).contains("the teacher's targets take", "all 4 stages are finished");
    assertThat(temp.resolve("run/stages/kept/targets/captured.json")).exists();
    assertThat(metrics("student").steps()).hasSize(3).first().satisfies(s -> assertThat(s.loss()).isPositive());
    assertThat(metrics("student").steps().getFirst().loss()).as("all 300 tokens are kept, in float16")
        .isCloseTo(metrics("beside").steps().getFirst().loss(), within(0.01));
    var again = run(recipe);
    assertThat(again.out()).contains("kept (capture): finished before", "student (pretrain): finished before");
    var changed = run(recipe, "stages.kept.top_k=20");
    assertThat(changed.code()).as(changed.out() + changed.err()).isZero();
    assertThat(changed.out()).contains("large (pretrain): finished before", "kept begins again", "student begins again", "beside (pretrain): finished before");
  }

  @Test void stagesThatContradictEachOtherAreRefusedBeforeAnythingStarts() throws IOException {
    var result = run(distilled(), "stages.kept.teacher=kept", "stages.student.train.loss.path=large", "stages.beside.train.loss.teacher=kept",
        "stages.kept.top_k=301");
    assertThat(result.code()).isEqualTo(2);
    assertThat(result.err()).contains("stages[1].teacher", "\"large\" is a model, but a captured teacher", "\"kept\" is a captured teacher, but a model");
    var draws = run(distilled(), "stages.kept.draws=20");
    assertThat(draws.code()).isEqualTo(2);
    assertThat(draws.err()).contains("target", "keeps draws; use sampled");
    var many = run(distilled(), "stages.kept.top_k=301");
    assertThat(many.code()).isEqualTo(2);
    assertThat(many.err()).contains("top_k", "301 but there are 300 tokens");
    var other = run(distilled(), "stages.large.tokenizer.vocab_size=310");
    assertThat(other.code()).isEqualTo(2);
    assertThat(other.err()).contains("it has 310 tokens, and the text's has 300");
    assertThat(temp.resolve("run")).doesNotExist();
  }

  @Test void aStudentLearnsAlongItsOwnAnswers() throws IOException {
    var chats = new ArrayList<String>();
    for (int i = 0; i < 24; i++) {
      chats.add("{\"messages\": [{\"role\": \"user\", \"content\": \"the cat " + i + "\"}, {\"role\": \"assistant\", \"content\": \"sat\"}]}");
    }
    Files.write(temp.resolve("chats.jsonl"), chats);
    Path recipe = Files.writeString(temp.resolve("gkd.yaml"), """
        name: gkd
        shared:
          device: cpu
          dtype: f32
          chats: {sources: [{path: "%2$s/chats.jsonl"}], max_tokens: 64, template: chatml, held_out: 0.1}
        stages:
          - type: pretrain
            name: base
            data: {source: {type: plain-text, path: "%1$s", split: blank_line}, seq_len: 64, held_out: 0.1}
            tokenizer: {type: train, vocab_size: 320, special_tokens: ["<|im_start|>", "<|im_end|>"]}
            model: {type: llama, dim: 32, layers: 1, heads: 2, hidden: 64}
            train: {steps: 2, batch: 4, learning_rate: 3e-3}
          - type: sft
            name: teacher
            from: base
            train: {steps: 30, batch: 4, learning_rate: 2e-2, schedule: {type: constant}}
          - type: gkd
            name: student
            from: base
            teacher: teacher
            new_tokens: 8
            lambda: 0.5
            train: {steps: 30, batch: 4, learning_rate: 1e-2, schedule: {type: constant}}
            eval: {prompts: ["the cat 3"], new_tokens: 8, temperature: 0}
        """.formatted(text, temp.toString().replace("\\", "/")));
    var result = run(recipe);
    assertThat(result.code()).as(result.out() + result.err()).isZero();
    var evals = metrics("student").evals();
    assertThat(evals.getLast().loss()).as("from the teacher, along held-out answers").isLessThan(evals.getFirst().loss() / 2);
    assertThat(evals).extracting(EvalEvent::samples).allMatch(s -> s.size() == 1);
    assertThat(metrics("student").steps()).extracting(s -> s.figures().get(GkdTrainer.ON_POLICY)).contains(0.0, 1.0);
    var wrong = run(recipe, "stages.student.new_tokens=64", "stages.student.lambda=2");
    assertThat(wrong.code()).isEqualTo(2);
    assertThat(wrong.err()).contains("lambda");
  }
}
