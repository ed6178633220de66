package org.jtorch.recipes.stage;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.function.BooleanSupplier;
import org.jtorch.io.Fingerprint;
import org.jtorch.recipes.pretrain.JtorchProcess;
import org.jtorch.recipes.pretrain.TinyRun;
import org.jtorch.recipes.run.RunFolder;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// A run of stages that is killed in a stage, in its last and between two ends in the bits of one that was left alone, in one process and in two.
class StagesCrashTest {
  private static final List<String> STAGES = List.of("core", "long", "anneal");

  @TempDir static Path shared = Path.of("");
  private static Path recipe = Path.of("");

  @BeforeAll static void write() throws IOException {
    recipe = Files.writeString(shared.resolve("staged.yaml"), """
        name: staged
        shared:
          device: cpu
          dtype: f32
          data: {source: {type: tokens, path: text}, seq_len: 32}
          save: {every: 3}
        stages:
          - type: prepare
            name: text
            source: {type: plain-text, path: "%s", split: blank_line}
            tokenizer: {type: train, vocab_size: 300}
            held_out: 0.1
          - type: pretrain
            name: core
            model: {type: llama, dim: 32, layers: 2, heads: 2, hidden: 64, max_positions: 64}
            train: {steps: 10, batch: 4, learning_rate: 3e-3, ramp: [{tokens: 500, seq_len: 64}]}
          - type: pretrain
            name: long
            from: core
            positions: {rope_theta: 100000}
            data: {seq_len: 64}
            train: {steps: 8, batch: 2, learning_rate: 1e-3}
          - type: pretrain
            name: anneal
            from: long
            data: {seq_len: 64}
            train: {steps: 8, batch: 2, learning_rate: 1e-3, schedule: {type: linear}}
            average: {type: polyak, every: 2}
        """.formatted(TinyRun.text(shared).toString().replace("\\", "/")));
  }

  private static RunFolder stage(RunFolder run, String name) {
    return new RunFolder(run.path().resolve("stages").resolve(name));
  }

  private static void killWhen(BooleanSupplier moment, RunFolder run, String... more) throws IOException, InterruptedException {
    var process = JtorchProcess.run(recipe, run, more);
    assertThat(process.endsBefore(moment)).as(process.output()).isFalse();
    process.kill();
  }

  private static void finish(RunFolder run, String... more) throws IOException, InterruptedException {
    var process = JtorchProcess.run(recipe, run, more);
    assertThat(process.code()).as(process.output()).isZero();
  }

  private static List<String> models(RunFolder run) {
    return STAGES.stream().map(name -> Fingerprint.of(stage(run, name).model())).toList();
  }

  @Test void killedInStagesAndBetweenTwo() throws IOException, InterruptedException {
    var whole = new RunFolder(shared.resolve("whole"));
    finish(whole);
    var run = new RunFolder(shared.resolve("killed"));
    killWhen(() -> JtorchProcess.steps(stage(run, "core")) >= 5, run);
    killWhen(() -> Files.exists(stage(run, "core").model()), run);
    killWhen(() -> JtorchProcess.steps(stage(run, "anneal")) >= 5, run);
    finish(run);
    assertThat(models(run)).isEqualTo(models(whole));
    assertThat(run.report()).isNotEmptyFile();
  }

  @Test void killedWithTwoProcesses() throws IOException, InterruptedException {
    String[] two = {"--processes", "2"};
    var whole = new RunFolder(shared.resolve("whole-two"));
    finish(whole, two);
    var run = new RunFolder(shared.resolve("killed-two"));
    killWhen(() -> JtorchProcess.steps(stage(run, "long")) >= 2, run, two);
    finish(run, two);
    assertThat(models(run)).isEqualTo(models(whole));
  }
}
