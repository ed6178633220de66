package org.jtorch.recipes.align;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Random;
import org.jtorch.align.chats.ChatSet;
import org.jtorch.align.chats.Example;
import org.jtorch.family.Pretrained;
import org.jtorch.head.Classifiers;
import org.jtorch.observe.MetricsFile;
import org.jtorch.recipes.pretrain.TinyRun;
import org.jtorch.recipes.score.Results;
import org.jtorch.tensor.DType;
import org.jtorch.tensor.Device;
import org.jtorch.tensor.TensorScope;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Averages of models and of reward models as stages, and judgements whose truth is known.
class AverageStageTest {
  @TempDir Path temp = Path.of("");
  private Path recipe = Path.of("");

  @BeforeEach void write() throws IOException {
    recipe = Files.writeString(temp.resolve("averaged.yaml"), """
        name: averaged
        shared:
          device: cpu
          dtype: f32
          chats: {sources: [{from: judgements}], max_tokens: 80, template: chatml, held_out: 0.1}
          optimizer: {weight_decay: 0}
          train: {steps: 40, batch: 8, learning_rate: 1e-2, schedule: {type: constant}}
        stages:
          - type: prepare
            name: text
            source: {type: synthetic, task: copies, documents: 200, size: 6, least: 3}
            tokenizer: {type: train, vocab_size: 290, special_tokens: ["<|im_start|>", "<|im_end|>"]}
            held_out: 0.1
          - {type: gold, name: judgements, rows: 120, fewest: 3, most: 5}
          - {type: gold, name: chats, rows: 40, fewest: 3, most: 5, kind: conversations, seed: 2}
          - type: pretrain
            name: base
            data: {source: {type: tokens, path: text}, seq_len: 80}
            model: {type: llama, dim: 32, layers: 1, heads: 2, hidden: 64}
            train: {steps: 4, batch: 4, learning_rate: 3e-3}
          - {type: reward, name: judge-1, from: base, train: {steps: 100}, tests: {truth: {from: judgements}}}
          - {type: reward, name: judge-2, from: base, seed: 2, train: {learning_rate: 5e-3}}
          - {type: sft, name: taught-1, from: base, chats: {sources: [{from: chats}]}, train: {steps: 5}}
          - {type: sft, name: taught-2, from: base, seed: 2, chats: {sources: [{from: chats}]}, train: {steps: 5}}
          - {type: average, name: warm, models: [judge-1, judge-2], weights: [3, 1], tests: {truth: {from: judgements}}, max_tokens: 80}
          - {type: average, name: soup, models: [taught-1, taught-2], text: text, seq_len: 32, tests: {chats: {from: chats}}, max_tokens: 80}
        """);
  }

  private TinyRun.Result run(String... overrides) {
    var result = TinyRun.run(recipe, temp.resolve("run"), overrides);
    assertThat(TensorScope.stats().live()).isZero();
    return result;
  }

  private Path stage(String name) {
    return temp.resolve("run/stages").resolve(name);
  }

  private static double weight(Path model, boolean reward) {
    if (reward) {
      try (var loaded = Classifiers.load(model, Device.CPU, DType.F32); var _ = TensorScope.open()) {
        return loaded.headParameters().getFirst().tensor().toDoubles()[3];
      }
    }
    try (var loaded = Pretrained.load(model, Device.CPU, DType.F32); var _ = TensorScope.open()) {
      return loaded.parameters().getLast().tensor().toDoubles()[3];
    }
  }

  @Test void soupsAndWarm() {
    var result = run();
    assertThat(result.code()).as(result.out() + result.err()).isZero();
    assertThat(weight(stage("warm").resolve("model"), true)).as("three parts and one").isCloseTo(
        (3 * weight(stage("judge-1").resolve("model"), true) + weight(stage("judge-2").resolve("model"), true)) / 4, within(1e-6));
    assertThat(weight(stage("soup").resolve("model"), false)).isCloseTo(
        (weight(stage("taught-1").resolve("model"), false) + weight(stage("taught-2").resolve("model"), false)) / 2, within(1e-6));
    var warm = Results.read(stage("warm"));
    var own = MetricsFile.read(stage("judge-1").resolve("metrics.jsonl")).evals().getLast().figures();
    assertThat(warm.figure("truth.member_1")).as("as the stage itself found").isCloseTo(own.getOrDefault("truth.accuracy", Double.NaN), within(1e-9));
    assertThat(warm.figure("truth.member_1")).as("it learns what the letters are worth").isGreaterThan(0.75);
    assertThat(warm.figures()).containsKeys("truth.average", "truth.members", "truth.ensemble");
    var soup = Results.read(stage("soup"));
    assertThat(soup.figure("text.members")).isCloseTo((soup.figure("text.member_1") + soup.figure("text.member_2")) / 2, within(1e-9));
    assertThat(soup.figures()).containsKey("chats.average");
    assertThat(result.out()).doesNotContain("broken").contains("truth, higher is better: average", "text, lower is better: average", "averaging");
    assertThat(run().out()).contains("soup (average): finished before");
  }

  @Test void whatHasNoAverageIsSaidBeforeAnythingStarts() {
    var result = run("stages.warm.models=[judge-1, taught-1, text]", "stages.soup.text=chats", "stages.warm.weights=[]",
        "stages.judge-1.tests.truth.from=text");
    assertThat(result.code()).isEqualTo(2);
    assertThat(result.err()).contains("is a model, and the first is a reward model", "is a data set, but a model or a reward model is needed here",
        "\"chats\" is a set of chats, but a data set is needed here", "\"text\" is a data set, but a set of chats is needed here");
    assertThat(run("stages.warm.weights=[1]").err()).contains("there are 2 models but 1 `weights`");
    assertThat(run("stages.warm.models=[judge-1]").err()).contains("two models or more");
  }

  @Test void judgementsOfAKnownTruth() {
    var world = new GoldWorld(3, 5, 1);
    var random = new Random(5);
    var counts = new int[2];
    for (int i = 0; i < 400; i++) {
      var clear = world.judgement(random, 0, false);
      counts[0] += clear.path("level").asText().equals("significantly better") ? 1 : 0;
      assertThat(clear.path("chosen_grades").size()).isEqualTo(4);
      counts[1] += clear.path("chosen_grades").path("truthfulness").asInt() - clear.path("rejected_grades").path("truthfulness").asInt();
    }
    assertThat(counts[0]).as("a quarter is clear").isBetween(70, 130);
    assertThat(counts[1]).as("the better answer has the better grades").isPositive();
    var kept = run("stages.judgements.flip=0.25", "stages.judgements.keep=flipped", "stages.judgements.rows=400", "stages.judge-1.train.steps=1",
        "stages.judge-2.train.steps=1", "stages.taught-1.train.steps=1", "stages.taught-2.train.steps=1");
    assertThat(kept.code()).as(kept.out() + kept.err()).isZero();
    assertThat(ChatSet.read(stage("judgements").resolve("chats/rows.jsonl")).only(Example.Comparison.class).size()).isBetween(75, 125);
  }
}
