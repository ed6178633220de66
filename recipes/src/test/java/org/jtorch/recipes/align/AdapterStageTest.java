package org.jtorch.recipes.align;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.jtorch.adapter.Lora;
import org.jtorch.family.Pretrained;
import org.jtorch.head.Classifiers;
import org.jtorch.head.DecoderClassifier;
import org.jtorch.head.Labels;
import org.jtorch.io.Fingerprint;
import org.jtorch.nn.Pass;
import org.jtorch.observe.MetricsFile;
import org.jtorch.recipes.pretrain.TinyRun;
import org.jtorch.tensor.DType;
import org.jtorch.tensor.Device;
import org.jtorch.tensor.Grad;
import org.jtorch.tensor.Ops;
import org.jtorch.tensor.Rng;
import org.jtorch.tensor.TensorScope;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Stages on chats that train an adapter in the place of the whole model.
class AdapterStageTest {
  private static final long[] IDS = {5, 9, 17, 33, 65, 100};
  @TempDir Path temp = Path.of("");
  private Path recipe = Path.of("");

  @BeforeEach void write() throws IOException {
    var pairs = new ArrayList<String>();
    for (int i = 0; i < 24; i++) {
      pairs.add("{\"prompt\": \"the cat " + i + "\", \"chosen\": \"sat\", \"rejected\": \"ran far away\"}");
    }
    Files.write(temp.resolve("pairs.jsonl"), pairs);
    recipe = Files.writeString(temp.resolve("adapted.yaml"), """
        name: adapted
        shared:
          device: cpu
          dtype: f32
          save: {every: 2}
          chats: {sources: [{path: "%2$s/pairs.jsonl"}], max_tokens: 64, template: chatml, held_out: 0.1}
          train: {steps: 6, batch: 4, learning_rate: 2e-2, schedule: {type: constant}}
          optimizer: {weight_decay: 0}
        stages:
          - type: pretrain
            name: base
            data: {source: {type: plain-text, path: "%1$s", split: blank_line}, seq_len: 64, held_out: 0.1}
            tokenizer: {type: train, vocab_size: 320, special_tokens: ["<|im_start|>", "<|im_end|>"]}
            model: {type: llama, dim: 32, layers: 1, heads: 2, hidden: 64}
            train: {steps: 2, batch: 4, learning_rate: 3e-3}
          - {type: sft, name: taught, from: base, adapter: {rank: 8, dropout: 0.1}, train: {steps: 60}}
          - {type: dpo, name: preferred, from: taught, adapter: {rank: 4, targets: [q_proj, v_proj], dora: true}, train: {accumulate: 2}}
          - {type: reward, name: judge, from: base, adapter: {rank: 4, rs_lora: true}, train: {steps: 30}}
        """.formatted(TinyRun.text(temp).toString().replace("\\", "/"), temp.toString().replace("\\", "/")));
  }

  private TinyRun.Result run(String folder, String... overrides) {
    var result = TinyRun.run(recipe, temp.resolve(folder), overrides);
    assertThat(TensorScope.stats().live()).isZero();
    return result;
  }

  private Path stage(String folder, String name) {
    return temp.resolve(folder).resolve("stages").resolve(name);
  }

  private static double[] logits(Path model, Path adapter) {
    try (var loaded = Pretrained.load(model, Device.CPU, DType.F32); var _ = Files.exists(adapter) ? Lora.load(loaded, adapter) : null;
        var _ = TensorScope.open(); var _ = Grad.off()) {
      return loaded.apply(Ops.of(IDS, Device.CPU, 1, IDS.length), Pass.EMPTY).toDoubles();
    }
  }

  private static void assertSameLogits(Path merged, Path base, Path adapter) {
    assertThat(logits(merged, Path.of("none"))).containsExactly(logits(base, adapter), within(1e-4));
  }

  @Test void whatItLearnedIsAnAdapterAndAWholeModel() throws IOException {
    var result = run("run");
    assertThat(result.code()).as(result.out() + result.err()).isZero();
    Path base = stage("run", "base").resolve("model");
    Path taught = stage("run", "taught");
    assertSameLogits(taught.resolve("model"), base, taught.resolve("adapter"));
    assertSameLogits(stage("run", "preferred").resolve("model"), taught.resolve("model"), stage("run", "preferred").resolve("adapter"));
    var preferred = MetricsFile.read(stage("run", "preferred").resolve("metrics.jsonl")).steps();
    assertThat(preferred.getFirst().figures().get("rewards_margin")).as("the reference is the model without its adapter").isCloseTo(0, within(1e-6));
    assertThat(preferred.getLast().figures().get("rewards_margin")).isPositive();
    for (String[] asked : new String[][] {{taught.toString()}, {taught.resolve("adapter").toString()},
        {base.toString(), "--adapter", taught.resolve("adapter").toString()}}) {
      var args = new ArrayList<String>(List.of("generate", asked[0], "the cat 5", "--max-new-tokens", "8", "--greedy",
          "--chat-template", taught.resolve("model/chat_template.jinja").toString()));
      args.addAll(List.of(asked).subList(1, asked.length));
      var answer = TinyRun.jtorch(args.toArray(String[]::new));
      assertThat(answer.code()).as(answer.err()).isZero();
      assertThat(answer.out().strip()).endsWith("sat");
    }
    assertJudges();
  }

  private void assertJudges() {
    Path judge = stage("run", "judge");
    assertThat(MetricsFile.read(judge.resolve("metrics.jsonl")).evals().getLast().figures()).containsEntry("accuracy", 1.0);
    try (var merged = Classifiers.load(judge.resolve("model"), Device.CPU, DType.F32);
        var begun = Classifiers.begin(stage("run", "base").resolve("model"), Labels.SCORE, Device.CPU, DType.F32, Rng.of(9));
        var _ = Lora.load((DecoderClassifier) begun, judge.resolve("adapter")); var _ = TensorScope.open(); var _ = Grad.off()) {
      var ids = Ops.of(IDS, Device.CPU, 1, IDS.length);
      assertThat(merged.logits(ids, Pass.EMPTY).toDoubles()).containsExactly(begun.logits(ids, Pass.EMPTY).toDoubles(), within(1e-4));
    }
  }

  @Test void itGoesOnWithTheSameBits() {
    String[] few = {"stages.preferred.train.steps=2", "stages.judge.train.steps=2"};
    assertThat(run("whole", few[0], few[1], "stages.taught.train.steps=6").code()).isZero();
    assertThat(run("grown", few[0], few[1], "stages.taught.train.steps=4").code()).isZero();
    var longer = run("grown", few[0], few[1], "stages.taught.train.steps=6");
    assertThat(longer.out()).contains("resuming from step 4");
    assertThat(Fingerprint.of(stage("grown", "taught").resolve("model"))).as("with dropout")
        .isEqualTo(Fingerprint.of(stage("whole", "taught").resolve("model")));
  }

  @Test void overFourBitsAndByItself() {
    var result = run("run", "stages.taught.adapter.base=nf4", "stages.preferred.adapter={rank: 4, base: tables, leaves: adapter}",
        "stages.judge.adapter.base=nf4");
    assertThat(result.code()).as(result.out() + result.err()).isZero();
    Path taught = stage("run", "taught");
    assertSameLogits(taught.resolve("model"), stage("run", "base").resolve("model"), taught.resolve("adapter"));
    Path preferred = stage("run", "preferred");
    assertThat(preferred.resolve("model")).doesNotExist();
    assertThat(result.out()).contains("left:   " + preferred.resolve("adapter"));
    var answer = TinyRun.jtorch("generate", preferred.toString(), "the cat 5", "--max-new-tokens", "8", "--greedy");
    assertThat(answer.code()).as(answer.err()).isZero();
    assertThat(run("run", "stages.taught.adapter.base=nf4", "stages.preferred.adapter={rank: 4, base: tables, leaves: adapter}",
        "stages.judge.adapter.base=nf4").out()).contains("preferred (dpo): finished before");
  }

  @Test void whatCannotBeIsSaidBeforeAnythingStarts() {
    var plan = TinyRun.jtorch("plan", recipe.toString());
    assertThat(plan.code()).as(plan.err()).isZero();
    assertThat(plan.out()).contains("LoRA of rank 8: 4,352 parameters learn", "DoRA of rank 4 on q_proj, v_proj");
    var result = run("run", "stages.taught.adapter.targets=[query]", "stages.judge.from=preferred", "stages.preferred.adapter.leaves=adapter",
        "stages.preferred.optimizer.mup_base=64");
    assertThat(result.code()).isEqualTo(2);
    assertThat(result.err()).contains("names [query], which the model has not; it has q_proj", "mup_base",
        "\"preferred\" is an adapter, but a model is needed here; with `adapter: {leaves: merged}`");
    assertThat(run("run", "stages.taught.adapter.rank=0").err()).contains("stages[1].adapter.rank", "must be >= 1 but was 0");
    assertThat(temp.resolve("run")).doesNotExist();
  }
}
