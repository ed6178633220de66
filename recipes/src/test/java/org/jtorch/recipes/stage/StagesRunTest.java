package org.jtorch.recipes.stage;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.jtorch.io.Fingerprint;
import org.jtorch.recipes.pretrain.TinyRun;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// A run of stages from its first to its last, and again, and changed.
class StagesRunTest {
  @TempDir Path temp = Path.of("");
  private Path recipe = Path.of("");

  @BeforeEach void write() throws IOException {
    recipe = Files.writeString(temp.resolve("staged.yaml"), """
        name: staged
        shared:
          device: cpu
          dtype: f32
          data: {source: {type: plain-text, path: "%s", split: blank_line}, seq_len: 32, held_out: 0.1}
          save: {every: 2}
        stages:
          - type: pretrain
            name: core
            tokenizer: {type: train, vocab_size: 300}
            model: {type: llama, dim: 32, layers: 2, heads: 2, hidden: 64}
            train: {steps: 4, batch: 4, learning_rate: 3e-3}
          - type: pretrain
            name: long
            from: core
            positions: {rope_theta: 100000, max_positions: 64}
            data: {seq_len: 64}
            train: {steps: 3, batch: 2, learning_rate: 1e-3}
        """.formatted(TinyRun.text(temp).toString().replace("\\", "/")));
  }

  private TinyRun.Result run(String... overrides) {
    return TinyRun.run(recipe, temp.resolve("run"), overrides);
  }

  private String runs(String... overrides) {
    var result = run(overrides);
    assertThat(result.code()).as(result.out() + result.err()).isZero();
    return result.out();
  }

  @Test void stagesFollowEachOtherAndAreNotRunAgain() throws IOException {
    String first = runs();
    assertThat(first).containsSubsequence("stage 1 of 2: core (pretrain)", "stage 2 of 2: long (pretrain) from core", "all 2 stages are finished");
    Path longer = temp.resolve("run/stages/long/model");
    assertThat(Files.readString(longer.resolve("config.json"))).contains("100000").contains("\"max_position_embeddings\" : 64");
    assertThat(Files.exists(longer.resolve("tokenizer.json"))).isTrue();
    assertThat(runs()).contains("stage 1 of 2: core (pretrain): finished before", "stage 2 of 2: long (pretrain): finished before");
  }

  @Test void aChangeRunsItsStageAgainAndWhatDependsOnIt() {
    runs();
    String last = Fingerprint.of(temp.resolve("run/stages/long/model"));
    String changed = runs("stages.long.train.learning_rate=2e-3");
    assertThat(changed).contains("core (pretrain): finished before", "long begins again, for these changed:\n  train.learning_rate: 1e-3 -> 2e-3");
    assertThat(temp.resolve("run/set-aside/1/long/model")).isDirectory();
    String earlier = runs("stages.core.seed=2");
    assertThat(earlier).contains("core begins again, for these changed:\n  seed: 1 -> 2", "stages/core/model (from) is not what it was");
    assertThat(Fingerprint.of(temp.resolve("run/stages/long/model"))).isNotEqualTo(last);
    runs();
    assertThat(Fingerprint.of(temp.resolve("run/stages/long/model"))).as("the same recipe, the same bytes").isEqualTo(last);
  }

  @Test void aStageAveragesItsWeightsAndSaysWhetherThatHelped() {
    String out = runs("stages.long.average={type: polyak, every: 1}");
    assertThat(out).contains("the optimizer goes on with the moments of ")
        .containsPattern("did averaging help\\? (yes|no): [0-9.]+ bits per byte with the mean of 3 checkpoints, [0-9.]+ with the last weights");
    assertThat(runs("stages.long.optimizer_state=reset")).contains("long begins again").doesNotContain("moments of");
    var other = run("stages.long.optimizer_state=keep", "stages.long.optimizer={type: sgd}");
    assertThat(other.code()).isEqualTo(3);
    assertThat(other.err()).contains("`optimizer_state` cannot be kept", "another optimizer's");
  }

  @Test void aBatchGrowsOverTheRunAndARampThatItCannotFollowIsSaid() {
    String out = runs("stages.core.train.ramp=[{tokens: 200, seq_len: 64}, {tokens: 600, batch: 8}]", "stages.core.train.steps=6",
        "stages.core.model.max_positions=64");
    assertThat(out).contains("step 6/6");
    var result = run("stages.core.train.ramp=[{tokens: 200, seq_len: 48}]", "stages.core.model.max_positions=64");
    assertThat(result.code()).isEqualTo(2);
    assertThat(result.err()).contains("stages[0].train.ramp", "the batch cannot follow the ramp");
  }

  @Test void aLongerStageGoesOn() {
    runs("stages.core.train.schedule={type: constant}");
    String longer = runs("stages.core.train.schedule={type: constant}", "stages.core.train.steps=6");
    assertThat(longer).contains("from here on train.steps: 4 -> 6", "resuming from step 4", "long begins again");
  }

  @Test void errorsOfAllStagesAreFoundBeforeTheFirstBegins() {
    var result = run("stages.core.train.schedule={type: cosine, warmup: 9}", "stages.long.positions.max_positions=40");
    assertThat(result.code()).isEqualTo(2);
    assertThat(result.err()).contains("stages[0].train.schedule", "stages[1].data.seq_len", "64 is longer than the model allows (max_positions: 40)");
    assertThat(temp.resolve("run")).doesNotExist();
  }

  @Test void theFolderOfAnotherProcessIsRefusedAndNeverMeansNever() {
    runs();
    var never = run("--resume", "never");
    assertThat(never.code()).isEqualTo(2);
    assertThat(never.err()).contains("holds a run already");
  }
}
