package org.jtorch.recipes.align;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Objects;
import org.jtorch.head.Classifiers;
import org.jtorch.io.Fingerprint;
import org.jtorch.io.JsonFile;
import org.jtorch.observe.MetricsFile;
import org.jtorch.recipes.pretrain.TinyRun;
import org.jtorch.tensor.DType;
import org.jtorch.tensor.Device;
import org.jtorch.tensor.TensorScope;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// A reward model as a stage: what it learns, what it leaves, and how it goes on.
class RewardStageTest {
  @TempDir Path temp = Path.of("");
  private Path recipe = Path.of("");

  @BeforeEach void write() throws IOException {
    var pairs = new ArrayList<String>();
    for (int i = 0; i < 32; i++) {
      pairs.add("""
          {"prompt": "the cat %d", "chosen": "sat", "rejected": "ran far", "level": "%s", "chosen_grades": {"truthfulness": 2}, \
          "rejected_grades": {"truthfulness": 0}}""".formatted(i, i % 2 == 0 ? "significantly better" : "slightly better"));
    }
    Files.write(temp.resolve("pairs.jsonl"), pairs);
    recipe = Files.writeString(temp.resolve("judged.yaml"), """
        name: judged
        shared: {device: cpu, dtype: f32, save: {every: 2}, eval: {prompts: ["the cat"]}}
        stages:
          - type: pretrain
            name: base
            data: {source: {type: plain-text, path: "%1$s", split: blank_line}, seq_len: 64, held_out: 0.1}
            tokenizer: {type: train, vocab_size: 320, special_tokens: ["<|im_start|>", "<|im_end|>"]}
            model: {type: llama, dim: 32, layers: 1, heads: 2, hidden: 64}
            train: {steps: 2, batch: 4, learning_rate: 3e-3}
          - type: reward
            name: judge
            from: base
            chats: {sources: [{path: "%2$s/pairs.jsonl"}], max_tokens: 64, template: chatml, held_out: 0.25}
            ranking: soft
            grade_weight: 0.1
            train: {steps: 30, batch: 4, accumulate: 2, learning_rate: 1e-2, schedule: {type: constant}}
        """.formatted(TinyRun.text(temp).toString().replace("\\", "/"), temp.toString().replace("\\", "/")));
  }

  private TinyRun.Result run(String folder, String... overrides) {
    var result = TinyRun.run(recipe, temp.resolve(folder), overrides);
    assertThat(TensorScope.stats().live()).isZero();
    return result;
  }

  private Path stage(String folder) {
    return temp.resolve(folder).resolve("stages/judge");
  }

  @Test void itLearnsToRankAndLeavesAModelThatOthersLoad() throws IOException {
    var result = run("run");
    assertThat(result.code()).as(result.out() + result.err()).isZero();
    assertThat(result.out()).contains("32 pairs of a chosen and a rejected answer", "`eval.prompts` are not answered");
    var metrics = MetricsFile.read(stage("run").resolve("metrics.jsonl"));
    assertThat(metrics.evals().getLast().figures()).containsKeys("accuracy_significantly_better", "accuracy_slightly_better")
        .containsEntry("accuracy", 1.0);
    double before = metrics.steps().getFirst().figures().getOrDefault("grade_loss", Double.NaN);
    assertThat(metrics.steps().getLast().figures().get("grade_loss")).isLessThan(before / 2);
    assertThat(metrics.evals().getLast().figures().get("calibration_error")).isBetween(0.0, 0.5);
    assertThat(Files.readString(stage("run").resolve("report.html"))).contains("share of held-out pairs ranked right");
    Path model = stage("run").resolve("model");
    assertThat(JsonFile.open(model.resolve("config.json")).requiredStrings("architectures")).containsExactly("LlamaForSequenceClassification");
    try (var chats = ChatModel.open(model, null); var loaded = Classifiers.load(model, Device.CPU, DType.F32)) {
      assertThat(loaded.labels().count()).isOne();
      assertThat(chats.stops()).as("those that it learned from").contains((long) Objects.requireNonNull(chats.tokenizer().id("<|im_end|>")));
    }
  }

  @Test void itGoesOnWithTheSameBits() {
    assertThat(run("whole", "stages.judge.train.steps=6").code()).isZero();
    assertThat(run("grown", "stages.judge.train.steps=4").code()).isZero();
    var longer = run("grown", "stages.judge.train.steps=6");
    assertThat(longer.out()).contains("resuming from step 4");
    assertThat(Fingerprint.of(stage("grown").resolve("model"))).isEqualTo(Fingerprint.of(stage("whole").resolve("model")));
  }

  @Test void planAndOtherRankings() {
    var plan = TinyRun.jtorch("plan", recipe.toString());
    assertThat(plan.code()).as(plan.err()).isZero();
    assertThat(plan.out()).contains("32 pairs of a chosen and a rejected answer");
    for (String ranking : new String[] {"plain", "small_margin", "large_margin"}) {
      var other = run("run", "stages.judge.ranking=" + ranking, "stages.judge.grade_weight=0", "stages.judge.centering=0.01",
          "stages.judge.at_least=better", "stages.judge.train.steps=2");
      assertThat(other.code()).as(other.out() + other.err()).isZero();
      assertThat(other.out()).contains("16 of 32 rankings");
    }
  }

  @Test void whatItCannotLearnFromIsSaid() throws IOException {
    Files.writeString(temp.resolve("pairs.jsonl"), """
        {"prompt": "the cat", "chosen": "sat", "rejected": "ran far"}
        {"prompt": "the dog", "chosen": "sat", "rejected": "ran far"}
        """);
    assertThat(run("run").err()).contains("has a `level`", "use ranking: plain");
    assertThat(run("run", "stages.judge.ranking=plain").err()).contains("has grades", "use grade_weight: 0");
    var wrong = run("other", "stages.judge.grade_weight=-1", "stages.judge.centering=-1");
    assertThat(wrong.code()).isEqualTo(2);
    assertThat(wrong.err()).contains("grade_weight");
  }

  @Test void aRewardModelIsNoLanguageModel() throws IOException {
    Path after = Files.writeString(temp.resolve("after.yaml"), Files.readString(recipe) + """
          - type: sft
            name: taught
            from: judge
            chats: {sources: [{path: "%s/pairs.jsonl"}], max_tokens: 64}
            train: {steps: 1, batch: 1, learning_rate: 1e-2}
        """.formatted(temp.toString().replace("\\", "/")));
    var result = TinyRun.run(after, temp.resolve("run"));
    assertThat(result.code()).isEqualTo(2);
    assertThat(result.err()).contains("\"judge\" is a reward model, but a model is needed here");
  }
}
