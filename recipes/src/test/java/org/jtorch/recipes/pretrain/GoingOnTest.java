package org.jtorch.recipes.pretrain;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.jtorch.io.AtomicFolder;
import org.jtorch.observe.MetricsFile;
import org.jtorch.observe.StepEvent;
import org.jtorch.recipes.run.RunFolder;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// A run that is there already: it grows, it goes back, and another recipe is refused.
class GoingOnTest {
  private static final String CONSTANT = "train.schedule={type: constant}";

  @TempDir Path temp = Path.of("");
  private Path recipe = Path.of("");
  private RunFolder run = new RunFolder(Path.of(""));

  @BeforeEach void write() throws IOException {
    recipe = TinyRun.recipe(temp, 6);
    run = new RunFolder(temp.resolve("run"));
  }

  private TinyRun.Result train(String... overrides) {
    return TinyRun.run(recipe, run.path(), overrides);
  }

  private void trains(String... overrides) {
    var result = train(overrides);
    assertThat(result.code()).as(result.err()).isZero();
  }

  @Test void aFinishedRunGrowsIntoTheLongerOne() throws IOException {
    trains(CONSTANT);
    var more = train(CONSTANT, "--steps", "12");
    assertThat(more.code()).as(more.err()).isZero();
    assertThat(more.out()).contains("from here on train.steps: 6 -> 12", "resuming from step 6", "the finished run goes on");
    var atOnce = new RunFolder(temp.resolve("at-once"));
    assertThat(TinyRun.run(recipe, atOnce.path(), CONSTANT, "--steps", "12").code()).isZero();
    assertThat(Files.mismatch(run.model().resolve("model.safetensors"), atOnce.model().resolve("model.safetensors"))).isEqualTo(-1);
    assertThat(MetricsFile.read(run.metrics()).steps()).extracting(StepEvent::step).containsExactly(1L, 2L, 3L, 4L, 5L, 6L, 7L, 8L, 9L,
        10L, 11L, 12L);
    assertThat(MetricsFile.read(run.metrics()).notes()).contains("from here on train.steps: 6 -> 12");
    AtomicFolder.verify(run.setAside().resolve("1/model"));
    assertThat(train(CONSTANT, "--steps", "12").out()).contains("holds a finished run");
    var less = train(CONSTANT, "--steps", "6");
    assertThat(less.code()).isEqualTo(2);
    assertThat(less.err()).contains("longer already (train.steps: 12 -> 6)").contains("--out");
  }

  @Test void whatDiffersIsSaidBeforeAnythingIsFinished() throws IOException {
    trains();
    String resolved = Files.readString(run.recipe());
    var other = train("seed=8", "train.learning_rate=1e-4", "model.layers=1", "train.schedule.warmup=2");
    assertThat(other.code()).isEqualTo(2);
    assertThat(other.err()).contains("another recipe", "\n  seed: 7 -> 8\n", "\n  train.learning_rate: 3e-3 -> 1e-4\n",
        "\n  model.layers: 2 -> 1\n", "\n  train.schedule.warmup: 1 -> 2\n", "--out");
    assertThat(other.out() + other.err()).doesNotContain("finished");
    assertThat(train("train.schedule=constant").err()).contains("train.schedule: {type: cosine, warmup: 1, floor: 0.1} -> {type: constant");
    assertThat(train("train.learning_rate=0.003").out()).as("the same number").contains("holds a finished run");
    assertThat(train("eval.every=1").out()).as("how often it validates may change").contains("holds a finished run");
    assertThat(Files.readString(run.recipe())).isEqualTo(resolved);
  }

  @Test void aRunGoesBackToACheckpointWithALowerRate() throws IOException {
    trains("save.keep=0", "save.every=2");
    Path two = run.checkpoints().resolve("step-00000002");
    var back = train("save.keep=0", "save.every=2", "--resume", two.toString(), "train.learning_rate=1e-3");
    assertThat(back.code()).as(back.err()).isZero();
    assertThat(back.out()).contains("back to step 2", "resuming from step 2", "from here on train.learning_rate: 3e-3 -> 1e-3");
    var metrics = MetricsFile.read(run.metrics());
    assertThat(metrics.notes()).contains("from here on train.learning_rate: 3e-3 -> 1e-3");
    assertThat(metrics.steps()).hasSize(6);
    assertThat(metrics.steps().get(1).learningRate()).isGreaterThan(2.5e-3);
    assertThat(metrics.steps().get(2).learningRate()).isLessThan(1e-3);
    assertThat(Files.readString(run.recipe())).contains("learning_rate: 1e-3");
    Path aside = run.setAside().resolve("1");
    AtomicFolder.verify(aside.resolve("step-00000004"));
    AtomicFolder.verify(aside.resolve("step-00000006"));
    AtomicFolder.verify(aside.resolve("model"));
    assertThat(MetricsFile.read(aside.resolve("metrics.jsonl")).steps()).hasSize(6);
    assertThat(aside.resolve("resolved.yaml")).content().contains("learning_rate: 3e-3");
    assertThat(run.checkpoints().resolve("step-00000006")).isDirectory();
    assertThat(train("save.keep=0", "save.every=2").err()).as("without the override it is another recipe")
        .contains("train.learning_rate: 1e-3 -> 3e-3");
  }

  @Test void whereItCannotGoBackItSaysWhy() throws IOException {
    trains("save.keep=0", "save.every=3");
    Path three = run.checkpoints().resolve("step-00000003");
    assertThat(train("--resume", "nowhere").err()).contains("neither auto nor never").contains("step-");
    var outside = train("--resume", temp.toString());
    assertThat(outside.code()).isEqualTo(2);
    assertThat(outside.err()).contains("is no checkpoint of the run").contains("step-00000003, ").contains("step-00000006");
    var otherModel = train("--resume", three.toString(), "model.layers=1");
    assertThat(otherModel.code()).isEqualTo(2);
    assertThat(otherModel.err()).contains("model.layers: 2 -> 1");
    Path file = Files.writeString(temp.resolve("changed.yaml"), Files.readString(recipe).replace("3e-3", "1e-3"));
    assertThat(TinyRun.run(file, run.path(), "--resume", three.toString()).err()).as("only what the command line names may change")
        .contains("train.learning_rate: 3e-3 -> 1e-3");
    Files.write(three.resolve("trainer.json"), new byte[] {'{', '}'});
    var damaged = train("--resume", three.toString());
    assertThat(damaged.code()).isEqualTo(3);
    assertThat(damaged.err()).contains("is damaged").contains("trainer.json");
    assertThat(run.setAside()).doesNotExist();
    assertThat(TinyRun.run(recipe, temp.resolve("fresh"), "--resume", three.toString()).err()).contains("holds no run");
    assertThat(TinyRun.run(recipe, run.path(), "--resume", "never").err()).contains("holds a run already");
  }
}
