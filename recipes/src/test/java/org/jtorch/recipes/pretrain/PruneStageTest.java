package org.jtorch.recipes.pretrain;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import org.jtorch.io.Fingerprint;
import org.jtorch.io.JsonFile;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// A model is trained, pruned and trained on, as stages of one recipe.
class PruneStageTest {
  @TempDir Path temp = Path.of("");
  private Path recipe = Path.of("");

  @BeforeEach void write() throws IOException {
    recipe = Files.writeString(temp.resolve("pruned.yaml"), """
        name: pruned
        shared:
          device: cpu
          dtype: f32
          data: {source: {type: plain-text, path: "%s", split: blank_line}, seq_len: 32, held_out: 0.1}
          save: {every: 3}
        stages:
          - type: pretrain
            name: core
            tokenizer: {type: train, vocab_size: 300}
            model: {type: llama, dim: 32, layers: 2, heads: 2, hidden: 64}
            train: {steps: 4, batch: 4, learning_rate: 3e-3}
          - type: prune
            name: small
            from: core
            hidden: 24
            multiple: 8
            train: {steps: 5, batch: 4, accumulate: 2, learning_rate: 1e-3}
          - type: pretrain
            name: again
            from: small
            train: {steps: 2, batch: 4, learning_rate: 1e-3}
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

  private Path stage(String name) {
    return temp.resolve("run/stages").resolve(name);
  }

  private static int width(Path model) {
    return JsonFile.open(model.resolve("config.json")).requiredInt("intermediate_size");
  }

  @Test void theSmallerModelIsTrainedOn() throws IOException {
    String out = runs();
    assertThat(out).containsSubsequence("stage 2 of 3: small (prune) from core",
        "24 of 64 neurons a layer stay, 22,560 of 30,240 parameters", "stage 3 of 3: again (pretrain) from small");
    assertThat(width(stage("core").resolve("model"))).isEqualTo(64);
    assertThat(width(stage("small").resolve("model"))).isEqualTo(24);
    assertThat(width(stage("again").resolve("model"))).isEqualTo(24);
    assertThat(stage("small").resolve("model/tokenizer.json")).exists();
    assertThat(Files.readString(stage("small").resolve("metrics.jsonl"))).contains("\"mask_target\"", "\"mask_epsilon\"", "\"sparsity\"");
    assertThat(Files.readString(stage("small").resolve("report.html"))).contains("mask target", "sparsity");
  }

  @Test void aRunThatEndsHalfWayGoesOnToTheSameBits() throws IOException {
    runs("stages.small.method={type: hard_concrete}");
    String model = Fingerprint.of(stage("small").resolve("model"));
    delete(stage("small").resolve("model"));
    delete(stage("small").resolve("checkpoints/step-00000005"));
    assertThat(runs("stages.small.method={type: hard_concrete}")).contains("resuming from step 3", "again (pretrain): finished before");
    assertThat(Fingerprint.of(stage("small").resolve("model"))).isEqualTo(model);
  }

  private static void delete(Path folder) throws IOException {
    try (var files = Files.walk(folder)) {
      for (Path each : files.sorted(Comparator.reverseOrder()).toList()) {
        Files.delete(each);
      }
    }
  }

  @ParameterizedTest @ValueSource(strings = {"magnitude", "random"}) void whatIsNotLearnedNeedsNoSteps(String method) {
    String out = runs("stages.small.method={type: " + method + "}", "~stages.small.train");
    assertThat(out).contains("24 of 64 neurons a layer stay").contains(" before");
    assertThat(width(stage("small").resolve("model"))).isEqualTo(24);
    assertThat(stage("small").resolve("report.html")).exists();
  }

  @Test void maskedWeightsMayStayAsTheyAre() {
    assertThat(runs("stages.small.method={type: soft_top_k, learn_weights: false}")).contains("24 of 64 neurons a layer stay");
  }

  @Test void thePlanSaysWhatStays() {
    var result = TinyRun.jtorch("plan", recipe.toString());
    assertThat(result.code()).as(result.err()).isZero();
    assertThat(result.out()).contains("soft top-k, weights learn along: 24 of 64 neurons a layer stay (37.5 %)",
        "their number falls over the first 20 % of the steps, ε from 1.0 to 0.05", "leaves      llama, 22,560 of 30,240 parameters");
  }

  @Test void whatCannotBeIsSaidBeforeAnythingStarts() {
    for (var wrong : List.of(
        List.of("stages.small.hidden=64", "must be below the width of the model's feed-forward layers (64) but was 64; e.g. hidden: 21"),
        List.of("stages.small.hidden=20", "(20) must be a multiple of `multiple` (8); e.g. hidden: 24"),
        List.of("~stages.small.train", "is missing, and the masks are learned"),
        List.of("stages.small.method={type: soft_top_k, epsilon_end: 0}", "epsilon_end"),
        List.of("stages.small.method={type: hard_concrete, mask_learning_rate: 0}", "mask_learning_rate"),
        List.of("stages.small.method={type: snip}", "soft_top_k"),
        List.of("stages.small.save={keep_best: true}", "keep_best"),
        List.of("stages.small.from=cor", "core"))) {
      var result = run(wrong.getFirst());
      assertThat(result.code()).as(wrong.getFirst()).isEqualTo(2);
      assertThat(result.err()).as(wrong.getFirst()).contains(wrong.getLast());
      assertThat(temp.resolve("run")).doesNotExist();
    }
  }
}
