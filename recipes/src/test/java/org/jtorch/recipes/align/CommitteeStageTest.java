package org.jtorch.recipes.align;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import org.jtorch.align.chats.ChatSet;
import org.jtorch.align.chats.Example;
import org.jtorch.io.JsonFile;
import org.jtorch.observe.MetricsFile;
import org.jtorch.recipes.Artifact;
import org.jtorch.recipes.Artifacts;
import org.jtorch.recipes.config.Reference;
import org.jtorch.recipes.pretrain.JtorchProcess;
import org.jtorch.recipes.pretrain.TinyRun;
import org.jtorch.recipes.run.RunFolder;
import org.jtorch.recipes.score.Results;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Two models answer and are judged, the better ones are chosen, and their best answers teach.
///
/// `-Djtorch.crash.kills=20` kills more often than the build does.
class CommitteeStageTest {
  private static final int KILLS = Integer.getInteger("jtorch.crash.kills", 2);
  @TempDir Path temp = Path.of("");
  private Path recipe = Path.of("");

  @BeforeEach void write() throws IOException {
    recipe = Files.writeString(temp.resolve("taught.yaml"), """
        name: taught
        shared: {device: cpu, dtype: f32, metrics: {tensorboard: false}, prompts: {max_tokens: 48}, chats: {max_tokens: 72, held_out: 0.1}}
        stages:
          - {type: gold, name: shown, rows: 120, kind: conversations, seed: 2}
          - {type: gold, name: asked, rows: 24, kind: conversations, seed: 3}
          - type: pretrain
            name: base
            data: {source: {type: plain-text, path: "%s", split: blank_line}, seq_len: 72, held_out: 0.1}
            tokenizer: {type: train, vocab_size: 320, special_tokens: ["<|im_start|>", "<|im_end|>"]}
            model: {type: llama, dim: 32, layers: 1, heads: 2, hidden: 64}
            train: {steps: 2, batch: 4, learning_rate: 3e-3}
          - {type: sft, name: one, from: base, chats: {sources: [{from: shown}], template: chatml}, train: {steps: 40, batch: 8, learning_rate: 1e-2}}
          - {type: sft, name: two, from: one, chats: {sources: [{from: shown}]}, train: {steps: 10, batch: 8, learning_rate: 5e-3}}
          - type: collect
            name: pairs
            members: [one, two]
            prompts: {from: [asked]}
            rewards: [{type: gold}]
            draw: {answers: 1, new_tokens: 16, temperature: 1, batch: 5}
          - type: choose
            name: better
            candidates: [one, two]
            prompts: {from: [asked]}
            rewards: [{type: gold}]
            draw: {answers: 2, new_tokens: 16, temperature: 1, batch: 5}
          - type: committee
            name: best
            members: [one, two]
            prompts: {from: [asked]}
            rewards: [{type: gold}]
            draw: {answers: 3, new_tokens: 16, temperature: 1, batch: 5}
            keep: {complete: false}
          - {type: dpo, name: preferred, from: better, chats: {sources: [{from: pairs}]}, train: {steps: 2, batch: 4, learning_rate: 1e-3}}
          - {type: reward, name: judge, from: better, chats: {sources: [{from: pairs}]}, ranking: soft, train: {steps: 2, batch: 4, learning_rate: 1e-3}}
          - {type: sft, name: pupil, from: better, chats: {sources: [{from: best}]}, train: {steps: 2, batch: 4, learning_rate: 1e-3}}
        """.formatted(TinyRun.text(temp).toString().replace("\\", "/")));
  }

  private TinyRun.Result run(String... overrides) {
    return TinyRun.run(recipe, temp.resolve("run"), overrides);
  }

  @Test void laterStagesLearnFromWhatTheMembersSaid() throws IOException {
    var result = run();
    assertThat(result.code()).as(result.out() + result.err()).isZero();
    assertThat(result.out()).contains("all 11 stages are finished", "of 24 prompts have an answer that is kept; its mean reward is", "chosen: ");
    Path stages = temp.resolve("run/stages");
    var pairs = ChatSet.read(stages.resolve("pairs/judgements")).only(Example.Comparison.class);
    assertThat(pairs).hasSize((int) Results.read(stages.resolve("pairs")).figure("pairs")).isNotEmpty()
        .allSatisfy(pair -> assertThat(pair.level()).isNotNull());
    var won = Results.read(stages.resolve("best"));
    assertThat(won.figure("won.one") + won.figure("won.two")).isCloseTo(1, within(1e-9));
    assertThat(won.figure("reward")).isGreaterThanOrEqualTo(won.figure("best_member"));
    assertThat(MetricsFile.read(stages.resolve("best/metrics.jsonl")).steps()).as("five batches of each member").hasSize(10);
    chosen(stages);
    assertThat(Files.readString(temp.resolve("run/report.html"))).contains("Who won where", "Who is chosen", "How clear the pairs are");
    assertThat(run().out()).contains("best (committee): finished before", "better (choose): finished before", "pairs (collect): finished before");
  }

  private static void chosen(Path stages) {
    var figures = Results.read(stages.resolve("better"));
    String best = figures.figure("reward.one") >= figures.figure("reward.two") ? "one" : "two";
    assertThat(JsonFile.open(stages.resolve("better/chosen/chosen.json")).objects("members").getFirst().requiredString("name")).isEqualTo(best);
    var found = Artifacts.FOLDERS.find(new Reference(stages.resolve("better/chosen").toString()));
    assertThat(found).isInstanceOfSatisfying(Artifact.Chosen.class, c -> assertThat(c.members()).singleElement()
        .satisfies(m -> assertThat(m.folder().toAbsolutePath()).isEqualTo(stages.resolve(best).resolve("model").toAbsolutePath())));
  }

  @Test void aPlanNeedsNoModel() {
    var plan = TinyRun.jtorch("plan", recipe.toString());
    assertThat(plan.code()).as(plan.out() + plan.err()).isZero();
    assertThat(plan.out()).contains("48 of 2 models", "96 of 2 models", "144 of 2 models");
  }

  @Test void whatCannotBeIsSaidBeforeAnythingStarts() {
    var result = run("stages.pairs.members=[one, one]", "stages.best.rewards=[]", "stages.better.draw.new_tokens=999", "stages.pupil.from=pairs");
    assertThat(result.code()).isEqualTo(2);
    assertThat(result.err()).contains("one model, but a pair is of answers of two", "give one reward at least", "together longer than the model allows",
        "is a set of chats, but a model is needed here");
    assertThat(run("stages.best.members=[]").err()).containsPattern("members +must name 1 or more");
    assertThat(run("stages.best.members=[shown]").err()).contains("is a set of chats, but a model is needed here");
    assertThat(run("stages.best.keep={pairs: true}").err()).contains("members are judged one by one").contains("type: collect");
    assertThat(run("stages.better.best=0").err()).containsPattern("best +must be >= 1 but was 0");
    assertThat(run("stages.pairs.levels={better: 2}").err()).contains("levels must fall");
    assertThat(temp.resolve("run")).doesNotExist();
  }

  @Test void killedAtAnyMomentItEndsInTheSameBytes() throws IOException, InterruptedException {
    assertThat(run().code()).isZero();
    String home = temp.resolve("run/stages").toString().replace("\\", "/");
    Path alone = Files.writeString(temp.resolve("alone.yaml"), """
        type: committee
        name: alone
        device: cpu
        dtype: f32
        members: ["%1$s/one/model", "%1$s/two/model"]
        prompts: {sources: ["%1$s/shown/chats/rows.jsonl"], max_tokens: 48}
        rewards: [{type: gold}]
        draw: {answers: 2, new_tokens: 16, temperature: 1, batch: 2}
        keep: {complete: false}
        """.formatted(home));
    var whole = new RunFolder(temp.resolve("whole"), "answers");
    assertThat(TinyRun.run(alone, whole.path()).code()).isZero();
    assertThat(Files.readString(whole.report())).contains("Who won where");
    var run = new RunFolder(temp.resolve("killed"), "answers");
    var random = new Random(5);
    for (int kill = 0; kill < KILLS; kill++) {
      long until = JtorchProcess.steps(run) + 1 + random.nextInt(80 / KILLS);
      var process = JtorchProcess.run(alone, run);
      assertThat(process.endsBefore(() -> JtorchProcess.steps(run) >= until)).as("ended before kill %s:\n%s", kill + 1, process.output()).isFalse();
      process.kill();
    }
    var last = JtorchProcess.run(alone, run);
    assertThat(last.code()).as(last.output()).isZero();
    for (String file : List.of("answers.jsonl", "manifest.jsonl")) {
      assertThat(Files.mismatch(whole.left().resolve(file), run.left().resolve(file))).as(file).isEqualTo(-1);
    }
    assertThat(MetricsFile.read(run.metrics()).steps()).hasSameSizeAs(MetricsFile.read(whole.metrics()).steps());
  }
}
