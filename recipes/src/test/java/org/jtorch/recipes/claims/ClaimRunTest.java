package org.jtorch.recipes.claims;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.jtorch.observe.MetricsFile;
import org.jtorch.recipes.pretrain.TinyRun;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// A claim from its recipe to its table, figure and line in the document, in two steps a stage.
class ClaimRunTest {
  @TempDir Path temp = Path.of("");
  private Path recipe = Path.of("");

  @BeforeEach void write() throws IOException {
    recipe = Files.writeString(temp.resolve("claim.yaml"), """
        type: claim
        name: T1
        claim: training on makes the loss smaller
        source: nowhere
        shared:
          device: cpu
          dtype: f32
          data: {source: {type: tokens, path: text}, seq_len: 32}
        stages:
          - type: prepare
            name: text
            source: {type: plain-text, path: "%s", split: blank_line}
            tokenizer: {type: train, vocab_size: 300}
            held_out: 0.1
          - type: pretrain
            name: core
            model: {type: llama, dim: 32, layers: 2, heads: 2, hidden: 64}
            train: {steps: 2, batch: 4, learning_rate: 3e-3}
          - type: pretrain
            name: longer
            from: core
            train: {steps: 2, batch: 4, learning_rate: 3e-3, schedule: {type: constant}}
            average: {type: polyak, every: 1}
            eval: {every: 1}
          - {type: score, name: scored, model: core, text: text, seq_len: 32, rows: packed, device: cpu}
        measures:
          core: {stage: core}
          longer: {stage: longer}
          averaged: {stage: longer, figure: averaged_loss}
          members: {stage: longer, last: 2}
          scored: {stage: scored, figure: plain.loss}
          gain: {type: difference, of: core, minus: longer}
          steps: {type: steps_to, stage: longer, loss: core}
          halfway: {type: where, stage: longer, figure: perplexity, reaches: loss, value: 0.5}
        judge:
          - {type: less, less: longer, than: core}
        beside:
          - {type: above, value: gain, bound: 10}
        figure: {axis: loss, measures: [core, longer]}
        """.formatted(TinyRun.text(temp).toString().replace("\\", "/")));
  }

  private TinyRun.Result run(String... overrides) {
    return TinyRun.run(recipe, temp.resolve("T1"), overrides);
  }

  @Test void aClaimIsRunForEverySeedAndJudged() throws IOException {
    var result = run();
    assertThat(result.code()).as(result.out() + result.err()).isZero();
    assertThat(result.out()).contains("T1, seed 1 (1 of 3): training on makes the loss smaller", "T1, seed 3 (3 of 3)",
        "holds:  longer < core: difference ", "beside: gain > 10: ", "T1: reproduced (");
    var verdict = Verdict.read(temp.resolve("T1"));
    assertThat(verdict.reproduced()).isTrue();
    assertThat(verdict.beside().getFirst().holds()).isFalse();
    assertThat(verdict.measured().of("core")).hasSize(3).doesNotHaveDuplicates();
    assertThat(verdict.minutes()).isPositive();
    for (int i = 0; i < 3; i++) {
      var evals = MetricsFile.read(temp.resolve("T1/seed-" + (i + 1) + "/stages/longer/metrics.jsonl")).evals();
      assertThat(verdict.measured().of("longer")[i]).isEqualTo(evals.getLast().loss());
      assertThat(verdict.measured().of("members")[i]).isEqualTo((evals.get(1).loss() + evals.get(2).loss()) / 2);
      assertThat(verdict.measured().of("averaged")[i]).isEqualTo(evals.getLast().figures().get("averaged_loss"));
      assertThat(verdict.measured().of("scored")[i]).isCloseTo(verdict.measured().of("core")[i], within(1e-6));
      assertThat(verdict.measured().of("halfway")[i]).isEqualTo(evals.getFirst().perplexity());       // it begins beyond
      assertThat(verdict.measured().of("steps")[i]).isEqualTo(0);                  // it begins there
    }
    assertThat(Files.readString(temp.resolve("T1/figure.svg"))).startsWith("<svg").contains("core: ", "longer: ").endsWith("</svg>\n");
    assertThat(run().out()).contains("longer (pretrain): finished before", "scored (score): finished before").doesNotContain("step 2/2");
  }

  @Test void aClaimThatFailsSaysSo() {
    var result = run("seeds=[4]", "judge=[{type: less, less: core, than: longer}]");
    assertThat(result.code()).as(result.err()).isZero();
    assertThat(result.out()).contains("fails:  core < longer: -", "T1: not reproduced");
  }

  @Test void namesOfNoMeasureAreFoundBeforeAnythingRuns() {
    var names = run("judge=[{type: less, less: core, than: longest}]", "measures.gain.minus=steps");
    assertThat(names.code()).isEqualTo(2);
    assertThat(names.err()).contains("names \"longest\", which is none of the measures: core, longer, averaged, members", "names \"steps\", which is none of");
    assertThat(temp.resolve("T1")).doesNotExist();
  }

  @Test void theDocumentIsWrittenFromTheResults() throws IOException {
    var result = TinyRun.jtorch("claims", "r15", "R4", "--out", temp.toString());
    assertThat(result.out()).contains("R15   not run").contains("R4    not run").doesNotContain("R19");
    Path page = temp.resolve("docs/claims.md");
    var written = TinyRun.jtorch("claims", "R15", "--out", temp.toString(), "--page", page.toString(), "--note", "Two cores.");
    assertThat(written.code()).as(written.err()).isZero();
    assertThat(Files.readString(page)).contains("# Claims in miniature", "Two cores.", "| R15 | ", "| not run | |");
    assertThat(TinyRun.jtorch("claims", "R99").err()).contains("no claim is called \"R99\"; there are R1, R2");
  }
}
