package org.jtorch.recipes.align;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.jtorch.observe.MetricsFile;
import org.jtorch.recipes.pretrain.TinyRun;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// A model answers, its best answers are kept, and later stages learn from them.
class RejectionStageTest {
  @TempDir Path temp = Path.of("");
  private Path recipe = Path.of("");

  @BeforeEach void write() throws IOException {
    var chats = new ArrayList<String>();
    for (int i = 0; i < 24; i++) {
      chats.add("{\"messages\": [{\"role\": \"user\", \"content\": \"the cat %d\"}, {\"role\": \"assistant\", \"content\": \"%s\"}], \"kind\": \"%s\"}"
          .formatted(i, i % 4 == 0 ? "ran far away" : "sat", i % 2 == 0 ? "even" : "odd"));
    }
    Files.write(temp.resolve("chats.jsonl"), chats);
    recipe = Files.writeString(temp.resolve("rejected.yaml"), """
        name: rejected
        shared: {device: cpu, dtype: f32}
        stages:
          - type: pretrain
            name: base
            data: {source: {type: plain-text, path: "%1$s", split: blank_line}, seq_len: 64, held_out: 0.1}
            tokenizer: {type: train, vocab_size: 320, special_tokens: ["<|im_start|>", "<|im_end|>"]}
            model: {type: llama, dim: 32, layers: 1, heads: 2, hidden: 64}
            train: {steps: 2, batch: 4, learning_rate: 3e-3}
          - type: sft
            name: taught
            from: base
            chats: {sources: [{path: "%2$s/chats.jsonl"}], max_tokens: 64, template: chatml, held_out: 0.1}
            train: {steps: 40, batch: 4, learning_rate: 2e-2, schedule: {type: constant}}
          - type: rejection-sampling
            name: best
            from: taught
            prompts: {sources: ["%2$s/chats.jsonl"], max_tokens: 48, topic: kind}
            rewards: [{type: length, free: 0, per_token: 0.1}, {type: java, implementation: %3$s}]
            draw: {answers: 6, new_tokens: 12, temperature: 1, highest_temperature: 1.4, batch: 5}
            keep: {per_topic: 10, pairs: true, checkers: [{reward: {type: format, pattern: "[a-z ]+"}}]}
          - type: sft
            name: again
            from: taught
            chats: {sources: [{from: best}], max_tokens: 64, held_out: 0.1}
            train: {steps: 4, batch: 4, learning_rate: 1e-3, schedule: {type: constant}}
          - type: dpo
            name: preferred
            from: again
            chats: {sources: [{from: best, part: pairs}], max_tokens: 64, held_out: 0.1}
            train: {steps: 2, batch: 2, learning_rate: 1e-3, schedule: {type: constant}}
        """.formatted(TinyRun.text(temp).toString().replace("\\", "/"), temp.toString().replace("\\", "/"), RewardsTest.Letters.class.getName()));
  }

  private TinyRun.Result run(String... overrides) {
    return TinyRun.run(recipe, temp.resolve("run"), overrides);
  }

  @Test void laterStagesLearnFromTheBestAnswers() throws IOException {
    var result = run();
    assertThat(result.code()).as(result.out() + result.err()).isZero();
    assertThat(result.out()).contains("24 prompts of 24 messages", "prompts have an answer that is kept", "all 5 stages are finished")
        .doesNotContain("loss NaN");
    Path best = temp.resolve("run/stages/best/answers");
    int rows = Files.readAllLines(best.resolve("answers.jsonl")).size();
    assertThat(rows).isBetween(1, 20);
    assertThat(Files.readAllLines(best.resolve("manifest.jsonl"))).hasSize(24);
    assertThat(result.out()).contains(rows + " messages", "pairs of a chosen and a rejected answer");
    var steps = MetricsFile.read(temp.resolve("run/stages/best/metrics.jsonl")).steps();
    assertThat(steps).hasSize(5);
    assertThat(steps.getFirst().figures()).containsKeys("kept", "reward_best", "reward_mean", "reward_length", "reward_java");
    assertThat(steps.getFirst().figures().get("reward_best")).isGreaterThan(steps.getFirst().figures().get("reward_mean"));
    assertThat(temp.resolve("run/stages/best/report.html")).isNotEmptyFile();
    assertThat(run().out()).contains("best (rejection-sampling): finished before");
  }

  @Test void aPlanNeedsNoModel() {
    var plan = TinyRun.jtorch("plan", recipe.toString());
    assertThat(plan.code()).as(plan.out() + plan.err()).isZero();
    assertThat(plan.out()).contains("24 prompts", "144: 6 to each prompt in each of 1 rounds", "best: at most 24 rows");
  }

  @Test void whatCannotBeIsSaidBeforeAnythingStarts() {
    var result = run("stages.best.draw.new_tokens=32", "stages.best.prompts.sources=[none.jsonl]", "stages.best.rewards=[{type: math}, {type: math}]",
        "stages.best.keep.checkers=[{reward: {type: java, implementation: com.acme.None}}]");
    assertThat(result.code()).isEqualTo(2);
    assertThat(result.err()).contains("together longer than the model allows (max_positions: 64)", "none.jsonl", "as another's", "com.acme.None");
    assertThat(run("stages.best.keep.pairs=false").err()).contains("leaves no pairs; a stage of rejection sampling does with keep.pairs: true");
    assertThat(run("stages.best.prompts.topic=null").err()).contains("`prompts.topic` names no field");
    assertThat(run("stages.again.chats.sources=[{from: taught}]").err()).contains("is a model, but a set of chats is needed here");
    assertThat(temp.resolve("run")).doesNotExist();
  }

  @Test void rewardModelsMustBeSome() {
    var result = run("stages.best.rewards=[{type: model, from: base}]");
    assertThat(result.code()).isEqualTo(2);
    assertThat(result.err()).contains("but a reward model is needed here");
  }

  @Test void sourcesAreOneOfTwo() {
    assertThat(run("stages.again.chats.sources=[{share: 2}]").err()).contains("a source has either a `path`, e.g. chats.jsonl, or `from` with the name of an earlier stage");
    assertThat(List.of(ChatsConfig.Part.values())).hasSize(2);
  }
}
