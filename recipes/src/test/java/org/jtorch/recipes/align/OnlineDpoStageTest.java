package org.jtorch.recipes.align;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.IntStream;
import org.jtorch.observe.MetricsFile;
import org.jtorch.recipes.pretrain.TinyRun;
import org.jtorch.tensor.TensorScope;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// A model that is rewarded for the letter a.
class OnlineDpoStageTest {
  @TempDir Path temp = Path.of("");
  private Path recipe = Path.of("");

  @AfterEach void nothingLives() {
    assertThat(TensorScope.stats().live()).isZero();
  }

  @BeforeEach void write() throws IOException {
    Files.write(temp.resolve("prompts.jsonl"), IntStream.range(0, 20).mapToObj(i -> "{\"prompt\": \"the cat " + i + "\"}").toList());
    recipe = Files.writeString(temp.resolve("online.yaml"), """
        name: online
        shared: {device: cpu, dtype: f32, save: {every: 2}}
        stages:
          - type: pretrain
            name: base
            data: {source: {type: plain-text, path: "%1$s", split: blank_line}, seq_len: 64, held_out: 0.1}
            tokenizer: {type: train, vocab_size: 320, special_tokens: ["<|im_start|>", "<|im_end|>"]}
            model: {type: llama, dim: 32, layers: 1, heads: 2, hidden: 64}
            train: {steps: 2, batch: 4, learning_rate: 3e-3}
          - type: online-dpo
            name: preferred
            from: base
            prompts: {sources: ["%2$s/prompts.jsonl"], max_tokens: 32, template: chatml}
            held_out: 0.1
            rewards: [{type: java, implementation: "org.jtorch.recipes.align.LettersA", name: letters}]
            answers: 4
            new_tokens: 8
            reference: {type: following, mu: 0.3, every: 2}
            train: {steps: 16, batch: 8, accumulate: 2, learning_rate: 1e-2, schedule: {type: constant}}
            eval: {every: 8, prompts: ["the cat 3"], new_tokens: 8}
        """.formatted(TinyRun.text(temp).toString().replace("\\", "/"), temp.toString().replace("\\", "/")));
  }

  private TinyRun.Result run(String folder, String... overrides) {
    return TinyRun.run(recipe, temp.resolve(folder), overrides);
  }

  @Test void theRewardRisesAndARunThatGoesOnComesToTheSameBits() {
    var result = run("run");
    assertThat(result.code()).as(result.out() + result.err()).isZero();
    assertThat(result.out()).contains("all 2 stages are finished");
    var metrics = MetricsFile.read(temp.resolve("run/stages/preferred/metrics.jsonl"));
    double before = metrics.steps().getFirst().figures().getOrDefault("reward_letters", Double.NaN);
    double after = metrics.steps().getLast().figures().getOrDefault("reward_letters", Double.NaN);
    assertThat(after).isGreaterThan(before + 0.2);
    assertThat(metrics.evals()).allSatisfy(e -> assertThat(e.loss()).isEqualTo(-e.figures().getOrDefault("reward", Double.NaN)));
    assertThat(run("parts", "stages.preferred.train.steps=5").code()).isZero();
    var longer = run("parts");
    assertThat(longer.out()).as(longer.err()).contains("resuming from step 5");
    assertThat(temp.resolve("parts/stages/preferred/model/model.safetensors"))
        .hasSameBinaryContentAs(temp.resolve("run/stages/preferred/model/model.safetensors"));
  }

  @Test void whatCannotBeIsSaidBeforeAnythingStarts() {
    assertThat(run("run", "stages.preferred.answers=1").err()).contains("answers", "must be >= 2 but was 1");
    assertThat(run("run", "stages.preferred.temperature=0").err()).contains("temperature", "must be > 0");
    assertThat(run("run", "stages.preferred.prompts.sources=[none.jsonl]", "stages.preferred.new_tokens=64").err())
        .contains("prompts.sources[0]", "none.jsonl", "prompts.max_tokens", "96 is longer than the model allows");
    assertThat(run("run", "stages.preferred.rewards=[]").err()).contains("rewards", "is empty");
    assertThat(temp.resolve("run")).doesNotExist();
  }

  @Test void planSaysWhatItWouldDo() {
    var plan = TinyRun.jtorch("plan", recipe.toString());
    assertThat(plan.code()).as(plan.err()).isZero();
    assertThat(plan.out()).contains("16 of 8 examples");
  }
}
