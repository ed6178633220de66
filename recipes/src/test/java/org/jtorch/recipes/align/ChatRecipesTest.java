package org.jtorch.recipes.align;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.jtorch.observe.MetricsFile;
import org.jtorch.observe.StepEvent;
import org.jtorch.recipes.pretrain.TinyRun;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Pretraining, conversations, preferences: three stages of one recipe, and each by itself.
class ChatRecipesTest {
  @TempDir Path temp = Path.of("");
  private Path recipe = Path.of("");

  @BeforeEach void write() throws IOException {
    var chats = new ArrayList<String>();
    var pairs = new ArrayList<String>();
    for (int i = 0; i < 24; i++) {
      chats.add("{\"messages\": [{\"role\": \"user\", \"content\": \"the cat " + i + "\"}, {\"role\": \"assistant\", \"content\": \"sat\"}]}");
      pairs.add("{\"prompt\": \"the cat " + i + "\", \"chosen\": \"sat\", \"rejected\": \"ran far away\"}");
    }
    Files.write(temp.resolve("chats.jsonl"), chats);
    Files.write(temp.resolve("pairs.jsonl"), pairs);
    recipe = Files.writeString(temp.resolve("aligned.yaml"), """
        name: aligned
        shared: {device: cpu, dtype: f32, save: {every: 2}}
        stages:
          - type: pretrain
            name: base
            data: {source: {type: plain-text, path: "%1$s", split: blank_line}, seq_len: 64, held_out: 0.1}
            tokenizer: {type: train, vocab_size: 320, special_tokens: ["<|im_start|>", "<|im_end|>"]}
            model: {type: llama, dim: 32, layers: 1, heads: 2, hidden: 64}
            train: {steps: 2, batch: 4, learning_rate: 3e-3}
          - type: sft
            name: taught
            from: base
            chats: {sources: [{path: "%2$s/chats.jsonl"}], max_tokens: 64, template: chatml, held_out: 0.1}
            train: {steps: 40, batch: 4, learning_rate: 2e-2, schedule: {type: constant}}
            eval: {prompts: ["the cat 3"], new_tokens: 8, temperature: 0}
          - type: dpo
            name: preferred
            from: taught
            chats: {sources: [{path: "%2$s/pairs.jsonl"}], max_tokens: 64, held_out: 0.1}
            train: {steps: 6, batch: 4, accumulate: 2, learning_rate: 3e-3, schedule: {type: constant}}
            nll: 0.2
            mask_format: true
        """.formatted(TinyRun.text(temp).toString().replace("\\", "/"), temp.toString().replace("\\", "/")));
  }

  private TinyRun.Result run(String... overrides) {
    return TinyRun.run(recipe, temp.resolve("run"), overrides);
  }

  private List<StepEvent> steps(String stage) {
    return MetricsFile.read(temp.resolve("run/stages/" + stage + "/metrics.jsonl")).steps();
  }

  @Test void fromTextToPreferencesInOneRecipe() throws IOException {
    var result = run();
    assertThat(result.code()).as(result.out() + result.err()).isZero();
    assertThat(result.out()).contains("24 messages", "24 pairs of a chosen and a rejected answer", "all 3 stages are finished");
    assertThat(steps("taught").getLast().loss()).isLessThan(steps("taught").getFirst().loss() / 3);
    assertThat(steps("preferred").getLast().figures().get("rewards_margin")).isGreaterThan(steps("preferred").getFirst().figures().get("rewards_margin"));
    Path model = temp.resolve("run/stages/preferred/model");
    assertThat(Files.readString(model.resolve("chat_template.jinja"))).contains("<|im_start|>");
    assertThat(Files.readString(model.resolve("generation_config.json"))).contains("eos_token_id");
    var answer = TinyRun.jtorch("generate", temp.resolve("run/stages/taught/model").toString(), "the cat 5", "--max-new-tokens", "8", "--greedy",
        "--chat-template", temp.resolve("run/stages/taught/model/chat_template.jinja").toString());
    assertThat(answer.code()).as(answer.err()).isZero();
    assertThat(answer.out()).contains("sat");
    assertThat(run().out()).contains("preferred (dpo): finished before");
  }

  @Test void aLongerRunGoesOnAndTheReferenceIsStillTheFirstModel() {
    assertThat(run().code()).isZero();
    var longer = run("stages.preferred.train.steps=8");
    assertThat(longer.code()).as(longer.out() + longer.err()).isZero();
    assertThat(longer.out()).contains("resuming from step 6");
    double before = steps("preferred").get(5).figures().getOrDefault("rewards_margin", Double.NaN);
    assertThat(steps("preferred").getLast().figures().get("rewards_margin")).as("measured from the beginning").isGreaterThan(before / 2);
  }

  @Test void whatCannotBeIsSaidBeforeAnythingStarts() {
    var result = run("stages.taught.chats.max_tokens=128", "stages.preferred.chats.sources=[{path: none.jsonl}]",
        "stages.preferred.chats.template=nowhere.jinja");
    assertThat(result.code()).isEqualTo(2);
    assertThat(result.err()).contains("128 is longer than the model allows (max_positions: 64)", "none.jsonl", "neither a format (chatml, llama3, gemma)");
    assertThat(temp.resolve("run")).doesNotExist();
  }

  @Test void preferencesWithTheOnlineMergingOptimizer() {
    String merging = "stages.preferred.optimizer={type: online-merging, base: base, sft: taught, alpha: 1e-4, rule: {keep: 0.3}}";
    assertThat(run("stages.taught.train.steps=4", merging, "stages.preferred.train.steps=3").code()).isZero();
    var longer = run("stages.taught.train.steps=4", merging);
    assertThat(longer.code()).as(longer.out() + longer.err()).isZero();
    assertThat(longer.out()).contains("resuming from step");
    var straight = TinyRun.run(recipe, temp.resolve("straight"), "stages.taught.train.steps=4", merging);
    assertThat(straight.code()).as(straight.out() + straight.err()).isZero();
    assertThat(temp.resolve("run/stages/preferred/model/model.safetensors")).as("the masks go on as they would have")
        .hasSameBinaryContentAs(temp.resolve("straight/stages/preferred/model/model.safetensors"));
  }

  @Test void whatCannotBeMergedOnlineIsSaid() {
    assertThat(run("stages.preferred.optimizer={type: online-merging, base: taught, sft: taught}").err()).contains("nothing to merge with");
    assertThat(run("stages.preferred.optimizer={type: online-merging, base: bsae, sft: taught}").err()).contains("optimizer.base", "bsae");
    assertThat(run("stages.preferred.optimizer={type: online-merging, base: base, sft: taught, alpha: 0.5}").err()).contains("optimizer.alpha", "over 6 steps");
    assertThat(run("stages.base.optimizer={type: online-merging, base: x, sft: y}").err()).contains("this stage aligns none");
    assertThat(temp.resolve("run")).doesNotExist();
  }

  @Test void theFirstRowsAreShownTokenByToken() throws IOException {
    assertThat(run("stages.taught.train.steps=2", "stages.preferred.train.steps=2").code()).isZero();
    String base = temp.resolve("run/stages/base/model").toString().replace("\\", "/");
    String file = temp.resolve("pairs.jsonl").toString().replace("\\", "/");
    var dpo = TinyRun.jtorch("data", "show", "dpo", "from=" + base, "chats={sources: [{path: \"" + file + "\"}], max_tokens: 64, template: chatml}",
        "--rows", "1");
    assertThat(dpo.code()).as(dpo.err()).isZero();
    assertThat(dpo.out()).contains("pairs.jsonl:1, the best answer, preferred", "the worst answer", "   <|im_start|>user\n   the cat 0<|im_end|>",
        "{<|im_end|>}").containsPattern("\\|\\[.*sat\\]|\\[s\\]").doesNotContain("pairs.jsonl:2");
    var sft = TinyRun.jtorch("data", "show", "sft", "from=" + base, "chats={sources: [{path: \"" + file + "\"}], max_tokens: 64, template: chatml}");
    assertThat(sft.out()).contains("pairs.jsonl:3").contains("[<|im_end|>]").as("the stop token is learned").doesNotContain("{<|im_end|>}");
    assertThat(TinyRun.jtorch("data", "show", recipe.toString()).out()).contains("taught: its model is not there yet");
    assertThat(TinyRun.jtorch("data", "show", "quickstart").err()).contains("quickstart trains on no chats");
    assertThat(Files.readString(temp.resolve("run/stages/preferred/report.html"))).contains("<h2>Rows</h2>", "<span class=\"trained\">",
        "<span class=\"format\">&lt;|im_end|&gt;</span>");
  }

  @Test void planAndOtherLosses() {
    var plan = TinyRun.jtorch("plan", recipe.toString());
    assertThat(plan.code()).as(plan.err()).isZero();
    assertThat(plan.out()).contains("24 messages", "24 pairs of a chosen and a rejected answer");
    for (String loss : List.of("{type: ipo}", "{type: simpo}", "{type: orpo}")) {
      var other = TinyRun.run(recipe, temp.resolve("run"), "stages.preferred.loss=" + loss, "stages.preferred.nll=null",
          "stages.preferred.train.steps=2", "stages.taught.train.steps=2", "stages.taught.packing=false");
      assertThat(other.code()).as(loss + other.out() + other.err()).isZero();
    }
  }
}
