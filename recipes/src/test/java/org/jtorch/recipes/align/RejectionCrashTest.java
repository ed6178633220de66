package org.jtorch.recipes.align;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import org.jtorch.observe.MetricsFile;
import org.jtorch.recipes.pretrain.JtorchProcess;
import org.jtorch.recipes.pretrain.TinyRun;
import org.jtorch.recipes.run.RunFolder;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Rejection sampling that is killed at any moment and started again leaves the bytes of one that was left alone.
///
/// `-Djtorch.crash.kills=20` kills more often than the build does.
class RejectionCrashTest {
  private static final int KILLS = Integer.getInteger("jtorch.crash.kills", 2);
  private static final int MOST_AT_ONCE = 9;

  private static Path recipe(Path temp) throws IOException {
    String home = temp.toString().replace("\\", "/");
    Path base = Files.writeString(temp.resolve("base.yaml"), """
        type: pretrain
        name: base
        device: cpu
        dtype: f32
        data: {source: {type: plain-text, path: "%s", split: blank_line}, seq_len: 64, held_out: 0.1}
        tokenizer: {type: train, vocab_size: 320, special_tokens: ["<|im_start|>", "<|im_end|>"]}
        model: {type: llama, dim: 32, layers: 1, heads: 2, hidden: 64}
        train: {steps: 1, batch: 4, learning_rate: 3e-3}
        """.formatted(TinyRun.text(temp).toString().replace("\\", "/")));
    var made = TinyRun.run(base, temp.resolve("base"));
    assertThat(made.code()).as(made.err()).isZero();
    Files.write(temp.resolve("prompts.jsonl"), IntStream.range(0, 2 * MOST_AT_ONCE * (KILLS + 2)).mapToObj(i -> "{\"prompt\": \"the cat " + i + "\"}").toList());
    return Files.writeString(temp.resolve("best.yaml"), """
        type: rejection-sampling
        name: best
        device: cpu
        dtype: f32
        from: "%1$s/base/model"
        prompts: {sources: ["%1$s/prompts.jsonl"], max_tokens: 40, template: chatml}
        rewards: [{type: length, free: 0, per_token: 0.1}, {type: format, pattern: "[a-m].*"}]
        draw: {answers: 4, new_tokens: 16, temperature: 0.8, highest_temperature: 1.2, systems: ["", "the river"], batch: 2}
        keep: {complete: false, pairs: true}
        """.formatted(home));
  }

  @Test void killedAtAnyMoment(@TempDir Path temp) throws IOException, InterruptedException {
    Path recipe = recipe(temp);
    var whole = new RunFolder(temp.resolve("whole"), "answers");
    var left = TinyRun.run(recipe, whole.path());
    assertThat(left.code()).as(left.err()).isZero();
    var run = new RunFolder(temp.resolve("killed"), "answers");
    var random = new Random(5);
    for (int kill = 0; kill < KILLS; kill++) {
      long until = JtorchProcess.steps(run) + 1 + random.nextInt(MOST_AT_ONCE);
      var process = JtorchProcess.run(recipe, run);
      assertThat(process.endsBefore(() -> JtorchProcess.steps(run) >= until)).as("ended before kill %s:\n%s", kill + 1, process.output()).isFalse();
      process.kill();
    }
    var last = JtorchProcess.run(recipe, run);
    assertThat(last.code()).as(last.output()).isZero();
    for (String file : List.of("answers.jsonl", "pairs.jsonl", "manifest.jsonl")) {
      assertThat(Files.mismatch(whole.left().resolve(file), run.left().resolve(file))).as(file).isEqualTo(-1);
    }
    assertThat(MetricsFile.read(run.metrics()).steps()).hasSameSizeAs(MetricsFile.read(whole.metrics()).steps());
  }
}
