package org.jtorch.recipes.align;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.IntStream;
import org.jtorch.recipes.pretrain.TinyRun;
import org.jtorch.recipes.score.Results;
import org.jtorch.tensor.TensorScope;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Two rounds of two members that are rewarded for the letter a, joined.
class WarpStageTest {
  @TempDir Path temp = Path.of("");
  private Path recipe = Path.of("");

  @AfterEach void nothingLives() {
    assertThat(TensorScope.stats().live()).isZero();
  }

  @BeforeEach void write() throws IOException {
    Files.write(temp.resolve("prompts.jsonl"), IntStream.range(0, 20).mapToObj(i -> "{\"prompt\": \"the cat " + i + "\"}").toList());
    recipe = Files.writeString(temp.resolve("warp.yaml"), """
        name: warp
        shared: {device: cpu, dtype: f32}
        stages:
          - type: pretrain
            name: base
            data: {source: {type: plain-text, path: "%1$s", split: blank_line}, seq_len: 64, held_out: 0.1}
            tokenizer: {type: train, vocab_size: 320, special_tokens: ["<|im_start|>", "<|im_end|>"]}
            model: {type: llama, dim: 32, layers: 1, heads: 2, hidden: 64}
            train: {steps: 2, batch: 4, learning_rate: 3e-3}
          - {type: sft, name: taught, from: base, chats: {sources: [{path: "%2$s/chats.jsonl"}], template: chatml, max_tokens: 48}, train: {steps: 1, batch: 4, learning_rate: 1e-3}}
          - type: warp
            name: joined
            from: taught
            prompts: {sources: ["%2$s/prompts.jsonl"], max_tokens: 32}
            held_out: 0.1
            rewards: [{type: java, implementation: "org.jtorch.recipes.align.LettersA", name: letters}]
            answers: 4
            new_tokens: 8
            kl: {beta: 0.01}
            train: {steps: 10, batch: 8, learning_rate: 1e-2, schedule: {type: constant}}
            front: [0, 0.5, 1]
        """.formatted(TinyRun.text(temp).toString().replace("\\", "/"), temp.toString().replace("\\", "/")));
    Files.write(temp.resolve("chats.jsonl"), IntStream.range(0, 8).mapToObj(i -> "{\"prompt\": \"the cat " + i + "\", \"completion\": \"a cat\"}").toList());
  }

  private TinyRun.Result run(String... overrides) {
    return TinyRun.run(recipe, temp.resolve("run"), overrides);
  }

  @Test void membersLearnAreJoinedAndTheFrontIsMeasured() throws IOException {
    var result = run();
    assertThat(result.code()).as(result.out() + result.err()).isZero();
    Path stage = temp.resolve("run/stages/joined");
    var figures = Results.read(stage).figures();
    assertThat(figures.get("eta_0.kl")).isZero();
    assertThat(figures.get("eta_1.kl")).isGreaterThan(0.01);
    assertThat(figures.get("eta_1.reward")).isGreaterThan(figures.getOrDefault("eta_0.reward", Double.NaN) + 0.2);
    assertThat(figures).containsKeys("eta_0.5.reward", "eta_0.5.kl");
    assertThat(figures.get("angle_1")).isBetween(20.0, 130.0);
    assertThat(stage.resolve("warp/round-2/joined/model.safetensors")).hasSameBinaryContentAs(stage.resolve("model/model.safetensors"));
    assertThat(Files.readString(stage.resolve("part.html"))).contains("<svg", "KL from the first model");
    assertThat(Files.readString(temp.resolve("run/report.html"))).contains("KL from the first model");
    assertThat(run().out()).contains("joined (warp): finished before");
  }

  @Test void whatCannotBeIsSaidBeforeAnythingStarts() {
    assertThat(run("stages.joined.held_out=0").err()).contains("the front is measured on held-out prompts");
    assertThat(run("stages.joined.rounds=0").err()).contains("rounds  must be >= 1 but was 0; 2 or 3 are usual");
    assertThat(run("stages.joined.front=[0, 2]").err()).contains("must be numbers from 0 to 1");
    assertThat(run("stages.joined.answers=0").err()).contains("must be >= 1 but was 0");
  }
}
