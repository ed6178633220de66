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
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// A model that is rewarded for the letter a, by every algorithm.
class RlStageTest {
  @TempDir Path temp = Path.of("");
  private Path recipe = Path.of("");

  @AfterEach void nothingLives() {
    assertThat(TensorScope.stats().live()).isZero();
  }

  @BeforeEach void write() throws IOException {
    Files.write(temp.resolve("prompts.jsonl"), IntStream.range(0, 20).mapToObj(i -> "{\"prompt\": \"the cat " + i + "\"}").toList());
    recipe = Files.writeString(temp.resolve("rl.yaml"), """
        name: rl
        shared: {device: cpu, dtype: f32, save: {every: 2}}
        stages:
          - type: pretrain
            name: base
            data: {source: {type: plain-text, path: "%1$s", split: blank_line}, seq_len: 64, held_out: 0.1}
            tokenizer: {type: train, vocab_size: 320, special_tokens: ["<|im_start|>", "<|im_end|>"]}
            model: {type: llama, dim: 32, layers: 1, heads: 2, hidden: 64}
            train: {steps: 2, batch: 4, learning_rate: 3e-3}
          - type: rl
            name: policy
            from: base
            prompts: {sources: ["%2$s/prompts.jsonl"], max_tokens: 32, template: chatml}
            held_out: 0.1
            rewards: [{type: java, implementation: "org.jtorch.recipes.align.LettersA", name: letters}]
            answers: 4
            new_tokens: 8
            kl: {beta: 0.01}
            train: {steps: 14, batch: 8, accumulate: 2, learning_rate: 1e-2, schedule: {type: constant}}
            eval: {every: 7, prompts: ["the cat 3"], new_tokens: 8}
        """.formatted(TinyRun.text(temp).toString().replace("\\", "/"), temp.toString().replace("\\", "/")));
  }

  private TinyRun.Result run(String folder, String... overrides) {
    return TinyRun.run(recipe, temp.resolve(folder), overrides);
  }

  @Test void mdlooLearnsAndARunThatGoesOnComesToTheSameBits() {
    String twice = "stages.policy.updates={epochs: 2, mini_batches: 2}";
    var result = run("run", twice);
    assertThat(result.code()).as(result.out() + result.err()).isZero();
    assertThat(result.out()).contains("all 2 stages are finished", "(reward ");
    var metrics = MetricsFile.read(temp.resolve("run/stages/policy/metrics.jsonl"));
    double before = metrics.steps().getFirst().figures().getOrDefault("reward", Double.NaN);
    double after = metrics.steps().getLast().figures().getOrDefault("reward", Double.NaN);
    assertThat(after).isGreaterThan(before + 0.2);
    assertThat(metrics.steps()).allSatisfy(s -> assertThat(s.figures()).containsKeys("kl", "entropy", "answer_tokens", "complete", "agreeing",
        "sampler_gap", "farness"));
    assertThat(metrics.evals()).allSatisfy(e -> assertThat(e.loss()).isEqualTo(-e.figures().getOrDefault("reward", Double.NaN)));
    assertThat(run("parts", twice, "stages.policy.train.steps=5").code()).isZero();
    var longer = run("parts", twice);
    assertThat(longer.out()).as(longer.err()).contains("resuming from step 5");
    assertThat(temp.resolve("parts/stages/policy/model/model.safetensors"))
        .hasSameBinaryContentAs(temp.resolve("run/stages/policy/model/model.safetensors"));
  }

  @ParameterizedTest
  @CsvSource(delimiter = '|', value = {
      "{type: reinforce} | {type: reward}", "{type: rloo, normalize: true} | {type: reward, estimator: k3}",
      "{type: raft} | {type: none}", "{type: grpo} | {type: loss}", "{type: grpo, mean: per_longest, scale: none} | {type: none}",
      "{type: mdloo, way: full} | {type: full}", "{type: mdloo, annealed: true} | {type: adaptive}",
      "{type: ppo} | {type: adaptive}", "{type: mdpo} | {type: reward}"})
  void everyAlgorithmRuns(String algorithm, String kl) {
    var result = run("run", "stages.policy.algorithm=" + algorithm, "stages.policy.kl=" + kl, "stages.policy.train.steps=2",
        "stages.policy.updates={epochs: 2}");
    assertThat(result.code()).as(result.out() + result.err()).isZero();
    assertThat(temp.resolve("run/stages/policy/model/model.safetensors")).exists();
  }

  @Test void problemsInTheFormatOfGsm8kAreJudgedByTheirResults() throws IOException {
    Path problems = Files.writeString(temp.resolve("gsm8k.jsonl"), """
        {"question": "A hen lays 3 eggs a day. How many in 4 days?", "answer": "She lays 3 * 4 = <<3*4=12>>12 eggs.\\n#### 12"}
        {"question": "Of 1,100 seats 100 are free. How many are taken?", "answer": "1,100 - 100 = <<1100-100=1000>>1,000\\n#### 1,000"}
        {"question": "Half of 9 pounds?", "answer": "9 / 2 = <<9/2=4.5>>4.5 pounds\\n#### 4.5"}
        """);
    var result = run("run", "stages.policy.prompts={sources: [\"" + problems.toString().replace("\\", "/") + "\"], max_tokens: 96, template: chatml}",
        "stages.policy.rewards=[{type: math}]", "stages.base.data.seq_len=128", "stages.policy.train={steps: 2, batch: 2, learning_rate: 1e-3}", "stages.policy.held_out=0.3");
    assertThat(result.code()).as(result.out() + result.err()).isZero();
    assertThat(result.out()).contains("3 prompts of 3 prompts with answers");
    assertThat(MetricsFile.read(temp.resolve("run/stages/policy/metrics.jsonl")).evals()).allSatisfy(e -> assertThat(e.figures())
        .containsEntry("unjudged", 0.0).hasEntrySatisfying("reward", r -> assertThat(r).isBetween(0.0, 1.0)));
  }

  @Test void anAdapterIsMeasuredFromTheModelBeneath() {
    var result = run("run", "stages.policy.adapter={rank: 4}", "stages.policy.train.steps=3");
    assertThat(result.code()).as(result.out() + result.err()).isZero();
    var metrics = MetricsFile.read(temp.resolve("run/stages/policy/metrics.jsonl"));
    assertThat(metrics.steps().getFirst().figures().getOrDefault("kl", Double.NaN)).isBetween(-1e-4, 1e-4);
    assertThat(metrics.steps().getLast().figures().getOrDefault("kl", 0.0)).isNotZero();
  }

  @Test void aCollapsedRunEndsWithItsOwnCode() {
    var result = run("run", "stages.policy.bounds={max_kl: 0.001}");
    assertThat(result.code()).isEqualTo(5);
    assertThat(result.err()).contains("is above `max_kl` (0.001); raise `beta`");
  }

  @Test void whatCannotBeIsSaidBeforeAnythingStarts() {
    assertThat(run("run", "stages.policy.answers=1").err()).contains("answers  must be >= 2 but was 1: this algorithm compares");
    assertThat(run("run", "stages.policy.kl={type: loss}").err()).contains("`kl: {type: loss}` is GRPO's");
    assertThat(run("run", "stages.policy.algorithm={type: ppo, critic: {type: own, from: base}}").err())
        .contains("algorithm.critic.from  is a model, but a critic begins as a reward model");
    assertThat(run("run", "stages.policy.algorithm={type: grop}").err()).contains("grpo");
    assertThat(run("run", "stages.policy.prompts={from: [nowhere]}").err()).contains("prompts.from[0]", "nowhere");
    assertThat(temp.resolve("run")).doesNotExist();
  }
}
