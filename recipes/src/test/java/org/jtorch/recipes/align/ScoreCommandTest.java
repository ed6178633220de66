package org.jtorch.recipes.align;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.jtorch.recipes.pretrain.TinyRun;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// A reward model that has learned judges files by command, and answers within rejection sampling.
class ScoreCommandTest {
  @TempDir static Path temp = Path.of("");

  private static String slashes(Path path) {
    return path.toString().replace("\\", "/");
  }

  @BeforeAll static void learn() throws IOException {
    var pairs = new ArrayList<String>();
    for (int i = 0; i < 32; i++) {
      pairs.add("{\"prompt\": \"the cat %d\", \"chosen\": \"sat\", \"rejected\": \"ran far\", \"level\": \"%s\"}"
          .formatted(i, i % 2 == 0 ? "significantly better" : "slightly better"));
    }
    Files.write(temp.resolve("pairs.jsonl"), pairs);
    Path recipe = Files.writeString(temp.resolve("judged.yaml"), """
        name: judged
        shared: {device: cpu, dtype: f32}
        stages:
          - type: pretrain
            name: base
            data: {source: {type: plain-text, path: "%1$s", split: blank_line}, seq_len: 64, held_out: 0.1}
            tokenizer: {type: train, vocab_size: 320, special_tokens: ["<|im_start|>", "<|im_end|>"]}
            model: {type: llama, dim: 32, layers: 1, heads: 2, hidden: 64}
            train: {steps: 2, batch: 4, learning_rate: 3e-3}
          - type: reward
            name: judge
            from: base
            chats: {sources: [{path: "%2$s/pairs.jsonl"}], max_tokens: 64, template: chatml, held_out: 0.25}
            train: {steps: 20, batch: 4, learning_rate: 1e-2, schedule: {type: constant}}
          - type: rejection-sampling
            name: best
            from: base
            prompts: {sources: ["%2$s/pairs.jsonl"], max_tokens: 48, template: chatml}
            rewards: [{type: model, from: judge}]
            draw: {answers: 4, new_tokens: 6, temperature: 1, batch: 8}
            keep: {complete: false}
        """.formatted(slashes(TinyRun.text(temp)), slashes(temp)));
    var result = TinyRun.run(recipe, temp.resolve("run"));
    assertThat(result.code()).as(result.out() + result.err()).isZero();
  }

  private static TinyRun.Result score(Path file, String... more) {
    var words = new ArrayList<>(List.of("score", slashes(temp.resolve("run/stages/judge/model")), slashes(file), "--device", "cpu"));
    words.addAll(List.of(more));
    return TinyRun.jtorch(words.toArray(String[]::new));
  }

  @Test void pairsAreRankedByLevelAndThePageShowsHowSure() throws IOException {
    var result = score(temp.resolve("pairs.jsonl"), "--out", slashes(temp.resolve("scores")), "--batch", "5");
    assertThat(result.code()).as(result.err()).isZero();
    assertThat(result.out()).contains("32 pairs of a chosen and a rejected answer", "significantly better 100.0 %", "slightly better", "says",
        "32 pairs, expected calibration error ");
    var rows = Files.readAllLines(temp.resolve("scores/scores.jsonl"));
    assertThat(rows).hasSize(32);
    assertThat(rows.getFirst()).contains("pairs.jsonl:1\"", "\"scores\":[");
    assertThat(Files.readString(temp.resolve("scores/report.html"))).contains("Calibration", "<svg");
    assertThat(temp.resolve("scores/calibration.svg")).isNotEmptyFile();
  }

  @Test void labelsAndConversationsAreScoredToo() throws IOException {
    Path file = Files.writeString(temp.resolve("labels.jsonl"), """
        {"prompt": "the cat 3", "completion": "sat", "label": true}
        {"prompt": "the cat 3", "completion": "ran far", "label": false}
        {"messages": [{"role": "user", "content": "the cat 4"}, {"role": "assistant", "content": "sat"}]}
        """);
    var result = score(file, "--out", slashes(temp.resolve("labels")));
    assertThat(result.code()).as(result.err()).isZero();
    assertThat(result.out()).contains("good answers score above bad ones in 100.0 % of their pairs");
    assertThat(Files.readAllLines(temp.resolve("labels/scores.jsonl"))).hasSize(3);
  }

  @Test void whatIsNoRewardModelIsSaid() {
    var result = TinyRun.jtorch("score", slashes(temp.resolve("run/stages/base/model")), slashes(temp.resolve("pairs.jsonl")), "--chat-template", "chatml",
        "--device", "cpu", "--out", slashes(temp.resolve("none")));
    assertThat(result.code()).isNotZero();
    assertThat(result.err()).contains("no classification head");
    assertThat(temp.resolve("none")).doesNotExist();
    assertThat(score(temp.resolve("pairs.jsonl"), "--batch", "0").err()).contains("--batch (0)");
  }

  @Test void itChoosesAmongAnswers() throws IOException {
    var manifest = Files.readAllLines(temp.resolve("run/stages/best/answers/manifest.jsonl"));
    assertThat(manifest).hasSize(32);
    assertThat(manifest.getFirst()).contains("\"rewards\":{\"model\":");
    assertThat(Files.readAllLines(temp.resolve("run/stages/best/answers/answers.jsonl"))).hasSizeGreaterThan(16);
  }
}
