package org.jtorch.recipes.score;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.jtorch.recipes.pretrain.TinyRun;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Stages that prepare text, score it, and make experts.
class ScoreTest {
  @TempDir Path temp = Path.of("");

  private TinyRun.Result run(String stages) throws IOException {
    String name = "run" + System.nanoTime();
    Path recipe = Files.writeString(temp.resolve(name + ".yaml"), """
        name: scored
        shared:
          device: cpu
          dtype: f32
          data: {source: {type: tokens, path: text}, seq_len: 32, packing: concatenated, document_mask: false}
          metrics: {tensorboard: false}
        stages:
          - type: prepare
            name: text
            source: {type: plain-text, path: "%s", split: blank_line}
            tokenizer: {type: train, vocab_size: 300}
            held_out: 0.2
        """.formatted(TinyRun.text(temp).toString().replace("\\", "/")) + stages);
    return TinyRun.run(recipe, temp.resolve("run"));
  }

  private Results results(String stage) {
    return Results.read(temp.resolve("run/stages").resolve(stage));
  }

  @Test void aNarrowerWindowAndFoldedPositionsAreOtherModels() throws IOException {
    var result = run("""
          - type: pretrain
            name: core
            model: {type: preset, name: gemma2-tiny}
            train: {steps: 2, batch: 4, learning_rate: 3e-3}
          - type: score
            name: scores
            model: core
            text: text
            seq_len: 32
            ways:
              plain: {}
              same: {window: 64}
              narrow: {window: 2}
              longer: {seq_len: 300}
              late: {from: 16}
              chunks: {dual_chunk: {trained: 16, chunk: 12}}
              yarn: {positions: {scaling: {type: yarn, factor: 2, trained: 16}}}
        """);
    assertThat(result.code()).as(result.out() + result.err()).isZero();
    var scores = results("scores");
    assertThat(scores.figure("same.loss")).isEqualTo(scores.figure("plain.loss"));
    for (String other : new String[] {"narrow", "longer", "late", "chunks", "yarn"}) {
      assertThat(scores.figure(other + ".loss")).isFinite().isNotEqualTo(scores.figure("plain.loss"));
    }
    assertThat(scores.figure("plain.perplexity")).isEqualTo(Math.exp(scores.figure("plain.loss")));
  }

  @Test void whatAModelCannotDoIsSaidBeforehand() throws IOException {
    var result = run("""
          - type: pretrain
            name: core
            model: {type: llama, dim: 32, layers: 2, heads: 2, hidden: 64}
            train: {steps: 2, batch: 4, learning_rate: 3e-3}
          - {type: score, name: scores, model: core, text: text, seq_len: 32, ways: {narrow: {window: 8}, late: {from: 40}}}
          - {type: score, name: wrong, model: text, text: core, seq_len: 32}
        """);
    assertThat(result.code()).isEqualTo(2);
    assertThat(result.err()).contains("`window` changes layers with sliding windows, but the model has none", "beyond rows of 32 tokens",
        "\"text\" is a data set, but a model is needed here", "\"core\" is a model, but a data set is needed here");
  }

  @Test void expertsComeFromADenseModel() throws IOException {
    var result = run("""
          - type: pretrain
            name: dense
            model: {type: llama, dim: 32, layers: 2, heads: 2, hidden: 64}
            train: {steps: 2, batch: 4, learning_rate: 3e-3}
          - {type: upcycle, name: copies, from: dense, experts: 4, active: 2, hidden: 32, shared: 64, fresh: 0, shuffle: false}
          - {type: upcycle, name: drawn, from: dense, experts: 4, active: 2, hidden: 32, shared: 64}
          - {type: pretrain, name: trained, from: drawn, train: {steps: 2, batch: 4, learning_rate: 1e-3}}
          - {type: score, name: alike, model: copies, text: text, seq_len: 32}
          - {type: score, name: unlike, model: drawn, text: text, seq_len: 32}
          - {type: score, name: after, model: trained, text: text, seq_len: 32}
        """);
    assertThat(result.code()).as(result.out() + result.err()).isZero();
    assertThat(Files.readString(temp.resolve("run/stages/trained/model/config.json"))).contains("qwen2_moe");
    assertThat(results("unlike").figure("expert_similarity")).isLessThan(results("alike").figure("expert_similarity"));
    assertThat(results("after").figure("plain.loss")).isFinite();
  }

  @Test void madeUpTextsComeWithAnotherDataSetsTokenizer() throws IOException {
    var result = run("""
          - {type: prepare, name: sums, source: {type: synthetic, task: sums, documents: 200, size: 2}, tokenizer_of: text, held_out: 0.5}
          - type: pretrain
            name: core
            model: {type: llama, dim: 32, layers: 2, heads: 2, hidden: 64}
            train: {steps: 2, batch: 4, learning_rate: 3e-3}
          - {type: score, name: scores, model: core, text: sums, seq_len: 24, rows: documents, limit: 10}
        """);
    assertThat(result.code()).as(result.out() + result.err()).isZero();
    assertThat(results("scores").figure("plain.loss")).isBetween(3.0, 8.0);
    assertThat(Files.readString(temp.resolve("run/stages/sums/data/held-out.txt"))).containsPattern("\\d \\d \\+ \\d \\d = \\d");
  }
}
