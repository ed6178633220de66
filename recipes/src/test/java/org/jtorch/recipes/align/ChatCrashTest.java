package org.jtorch.recipes.align;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.BooleanSupplier;
import org.jtorch.io.Fingerprint;
import org.jtorch.recipes.pretrain.JtorchProcess;
import org.jtorch.recipes.pretrain.TinyRun;
import org.jtorch.recipes.run.RunFolder;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Stages on chats that are killed while they train end in the bits of those that were left alone: conversations with an adapter and its dropout,
/// a reward model with grades, preferences, preferences among answers of its own, a policy with its critic, an average; in one process and in two.
class ChatCrashTest {
  private static final List<String> STAGES = List.of("taught", "judge", "preferred", "online", "policy", "soup");

  @TempDir static Path shared = Path.of("");
  private static Path recipe = Path.of("");

  @BeforeAll static void write() throws IOException {
    var pairs = new ArrayList<String>();
    for (int i = 0; i < 24; i++) {
      pairs.add("""
          {"prompt": "the cat %d", "chosen": "sat", "rejected": "ran far", "chosen_grades": {"truthfulness": 2}, "rejected_grades": {"truthfulness": 0}}
          """.formatted(i).strip());
    }
    Files.write(shared.resolve("pairs.jsonl"), pairs);
    recipe = Files.writeString(shared.resolve("chats.yaml"), """
        name: chats
        shared:
          device: cpu
          dtype: f32
          save: {every: 3}
          chats: {sources: [{path: "%2$s/pairs.jsonl"}], max_tokens: 64, template: chatml, held_out: 0.1}
          train: {steps: 10, batch: 4, accumulate: 2, learning_rate: 3e-3}
          metrics: {tensorboard: false}
        stages:
          - type: pretrain
            name: base
            data: {source: {type: plain-text, path: "%1$s", split: blank_line}, seq_len: 64, held_out: 0.1}
            tokenizer: {type: train, vocab_size: 320, special_tokens: ["<|im_start|>", "<|im_end|>"]}
            model: {type: llama, dim: 32, layers: 1, heads: 2, hidden: 64}
            train: {steps: 2}
          - {type: sft, name: taught, from: base, adapter: {rank: 4, dropout: 0.2, base: nf4}}
          - {type: reward, name: judge, from: base, grade_weight: 0.1, centering: 0.01}
          - {type: dpo, name: preferred, from: taught, nll: 0.2, mask_format: true}
          - type: online-dpo
            name: online
            from: preferred
            prompts: {sources: ["%2$s/pairs.jsonl"], max_tokens: 40, template: chatml}
            rewards: [{type: format, pattern: ".*[aeiou].*"}]
            answers: 3
            new_tokens: 8
            reference: {type: following, mu: 0.3, every: 2}
            optimizer: {type: online-merging, base: base, sft: preferred, alpha: 1e-3}
          - type: rl
            name: policy
            from: online
            prompts: {sources: ["%2$s/pairs.jsonl"], max_tokens: 40, template: chatml}
            rewards: [{type: format, pattern: ".*[aeiou].*"}]
            answers: 3
            new_tokens: 8
            algorithm: {type: ppo}
            kl: {type: adaptive, target: 1}
            updates: {epochs: 2, mini_batches: 2}
            reference: {type: following, mu: 0.3, every: 2}
          - {type: average, name: soup, models: [taught, preferred], tests: {pairs: {path: "%2$s/pairs.jsonl"}}, max_tokens: 64}
        """.formatted(TinyRun.text(shared).toString().replace("\\", "/"), shared.toString().replace("\\", "/")));
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

  @Test void killedInEachStage() throws IOException, InterruptedException {
    var whole = new RunFolder(shared.resolve("whole"));
    finish(whole);
    var run = new RunFolder(shared.resolve("killed"));
    killWhen(() -> JtorchProcess.steps(stage(run, "taught")) >= 5, run);
    killWhen(() -> Files.exists(stage(run, "taught").adapter()), run);
    killWhen(() -> JtorchProcess.steps(stage(run, "judge")) >= 5, run);
    killWhen(() -> JtorchProcess.steps(stage(run, "preferred")) >= 4, run);
    killWhen(() -> JtorchProcess.steps(stage(run, "online")) >= 5, run);
    killWhen(() -> JtorchProcess.steps(stage(run, "policy")) >= 5, run);
    finish(run);
    assertThat(models(run)).isEqualTo(models(whole));
  }

  @Test void killedWithTwoProcesses() throws IOException, InterruptedException {
    String[] two = {"--processes", "2"};
    var whole = new RunFolder(shared.resolve("whole-two"));
    finish(whole, two);
    var run = new RunFolder(shared.resolve("killed-two"));
    killWhen(() -> JtorchProcess.steps(stage(run, "judge")) >= 4, run, two);
    killWhen(() -> JtorchProcess.steps(stage(run, "policy")) >= 4, run, two);
    finish(run, two);
    assertThat(models(run)).isEqualTo(models(whole));
  }
}
